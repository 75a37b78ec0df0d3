package android.os;

/** A map of values. */
public final class Bundle extends BaseBundle {
  public Bundle() {}

  public Bundle(Bundle other) {
    values.putAll(other.values);
  }

  @SuppressWarnings("unchecked")
  public <T extends Parcelable> T getParcelable(String key) {
    return (T) values.get(key);
  }

  public void putParcelable(String key, Parcelable value) {
    values.put(key, value);
  }

  public CharSequence getCharSequence(String key) {
    Object value = values.get(key);
    return value instanceof CharSequence ? (CharSequence) value : null;
  }
}
