package android.content.res;

import android.util.DisplayMetrics;
import dev.edgeship.doubles.Hook;
import dev.edgeship.doubles.Table;

/** The app's resources, chosen for this phone's configuration. */
public class Resources {
  private final Table table = Table.ofApp();
  private final AssetManager assets = new AssetManager();
  private final Configuration configuration = table.configuration();

  @Hook
  public Resources() {}

  @Hook
  public Theme newTheme() {
    return new Theme();
  }

  @Hook
  public Table table() {
    return table;
  }

  public final AssetManager getAssets() {
    return assets;
  }

  public String getString(int id) throws NotFoundException {
    return getText(id).toString();
  }

  public String getString(int id, Object... values) throws NotFoundException {
    return String.format(getConfiguration().locale, getString(id), values);
  }

  public CharSequence getText(int id) throws NotFoundException {
    return table.text("string", id);
  }

  public String getQuantityString(int id, int count, Object... values) throws NotFoundException {
    return String.format(getConfiguration().locale, table.plural(id, count), values);
  }

  public String[] getStringArray(int id) throws NotFoundException {
    return table.text("array", id).split("\u0000");
  }

  public int getColor(int id) throws NotFoundException {
    return table.color(id);
  }

  public int getColor(int id, Theme theme) throws NotFoundException {
    return table.color(id);
  }

  public ColorStateList getColorStateList(int id, Theme theme) throws NotFoundException {
    return table.colors(id);
  }

  public android.graphics.drawable.Drawable getDrawable(int id, Theme theme)
      throws NotFoundException {
    throw new NotFoundException(table.name(id) + ": drawables of resources are not drawn here");
  }

  public float getDimension(int id) throws NotFoundException {
    return table.dimension(id, getDisplayMetrics());
  }

  public int getDimensionPixelSize(int id) throws NotFoundException {
    float exact = getDimension(id);
    int whole = (int) (exact + 0.5f);
    return whole != 0 || exact == 0 ? whole : 1;
  }

  public int getDimensionPixelOffset(int id) throws NotFoundException {
    return (int) getDimension(id);
  }

  public int getInteger(int id) throws NotFoundException {
    return Integer.parseInt(table.text("integer", id));
  }

  public boolean getBoolean(int id) throws NotFoundException {
    return Boolean.parseBoolean(table.text("bool", id));
  }

  public Configuration getConfiguration() {
    return configuration;
  }

  public DisplayMetrics getDisplayMetrics() {
    return table.metrics();
  }

  /** There is no such resource. */
  public static class NotFoundException extends RuntimeException {
    public NotFoundException(String name) {
      super(name);
    }
  }

  /** Values of attributes. */
  public final class Theme {
    Theme() {}
  }
}
