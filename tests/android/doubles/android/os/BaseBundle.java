package android.os;

import dev.edgeship.doubles.Hook;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** A map of values; one of another type than asked for counts as not there, as in Android. */
public class BaseBundle {
  @Hook public final Map<String, Object> values = new LinkedHashMap<>();

  BaseBundle() {}

  public boolean containsKey(String key) {
    return values.containsKey(key);
  }

  public Object get(String key) {
    return values.get(key);
  }

  public Set<String> keySet() {
    return values.keySet();
  }

  public boolean isEmpty() {
    return values.isEmpty();
  }

  public int size() {
    return values.size();
  }

  public void remove(String key) {
    values.remove(key);
  }

  public String getString(String key) {
    return getString(key, null);
  }

  public String getString(String key, String otherwise) {
    Object value = values.get(key);
    return value instanceof String ? (String) value : otherwise;
  }

  public boolean getBoolean(String key) {
    return getBoolean(key, false);
  }

  public boolean getBoolean(String key, boolean otherwise) {
    Object value = values.get(key);
    return value instanceof Boolean ? (Boolean) value : otherwise;
  }

  public int getInt(String key) {
    return getInt(key, 0);
  }

  public int getInt(String key, int otherwise) {
    Object value = values.get(key);
    return value instanceof Integer ? (Integer) value : otherwise;
  }

  public long getLong(String key) {
    return getLong(key, 0);
  }

  public long getLong(String key, long otherwise) {
    Object value = values.get(key);
    return value instanceof Long ? (Long) value : otherwise;
  }

  public String[] getStringArray(String key) {
    Object value = values.get(key);
    return value instanceof String[] ? (String[]) value : null;
  }

  public void putString(String key, String value) {
    values.put(key, value);
  }

  public void putBoolean(String key, boolean value) {
    values.put(key, value);
  }

  public void putInt(String key, int value) {
    values.put(key, value);
  }

  public void putLong(String key, long value) {
    values.put(key, value);
  }

  public void putStringArray(String key, String[] value) {
    values.put(key, value);
  }
}
