package android.content;

/** Settings that are kept. */
public interface SharedPreferences {
  boolean contains(String key);

  String getString(String key, String otherwise);

  int getInt(String key, int otherwise);

  boolean getBoolean(String key, boolean otherwise);

  Editor edit();

  /** Changes them. */
  interface Editor {
    Editor putString(String key, String value);

    Editor putInt(String key, int value);

    Editor putBoolean(String key, boolean value);

    Editor remove(String key);

    boolean commit();

    void apply();
  }
}
