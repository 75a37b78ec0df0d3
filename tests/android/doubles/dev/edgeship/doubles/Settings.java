package dev.edgeship.doubles;

import android.content.SharedPreferences;
import java.io.File;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Properties;

/** Settings in a file of the app's folder. */
final class Settings implements SharedPreferences, SharedPreferences.Editor {
  private final File file;
  private final Properties values = new Properties();

  Settings(String name) {
    file = new File(Phone.HOME, "shared_prefs/" + name + ".properties");
    if (!file.exists()) return;
    try (Reader reader = Files.newBufferedReader(file.toPath(), StandardCharsets.UTF_8)) {
      values.load(reader);
    } catch (IOException error) {
      throw new IllegalStateException(error);
    }
  }

  @Override
  public boolean contains(String key) {
    return values.containsKey(key);
  }

  @Override
  public String getString(String key, String otherwise) {
    return values.getProperty(key, otherwise);
  }

  @Override
  public int getInt(String key, int otherwise) {
    return contains(key) ? Integer.parseInt(values.getProperty(key)) : otherwise;
  }

  @Override
  public boolean getBoolean(String key, boolean otherwise) {
    return contains(key) ? Boolean.parseBoolean(values.getProperty(key)) : otherwise;
  }

  @Override
  public SharedPreferences.Editor edit() {
    return this;
  }

  @Override
  public SharedPreferences.Editor putString(String key, String value) {
    if (value == null) return remove(key);
    values.setProperty(key, value);
    return this;
  }

  @Override
  public SharedPreferences.Editor putInt(String key, int value) {
    return putString(key, String.valueOf(value));
  }

  @Override
  public SharedPreferences.Editor putBoolean(String key, boolean value) {
    return putString(key, String.valueOf(value));
  }

  @Override
  public SharedPreferences.Editor remove(String key) {
    values.remove(key);
    return this;
  }

  @Override
  public boolean commit() {
    apply();
    return true;
  }

  @Override
  public void apply() {
    file.getParentFile().mkdirs();
    try (Writer writer = Files.newBufferedWriter(file.toPath(), StandardCharsets.UTF_8)) {
      values.store(writer, null);
    } catch (IOException error) {
      throw new IllegalStateException(error);
    }
  }
}
