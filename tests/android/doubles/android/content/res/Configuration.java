package android.content.res;

import java.util.Locale;

/** How the user has set up the phone. */
public final class Configuration {
  public static final int UI_MODE_NIGHT_MASK = 0x30;
  public static final int UI_MODE_NIGHT_NO = 0x10;
  public static final int UI_MODE_NIGHT_YES = 0x20;
  public static final int ORIENTATION_PORTRAIT = 1;
  public static final int ORIENTATION_LANDSCAPE = 2;

  public Locale locale = Locale.ROOT;
  public float fontScale = 1;
  public int uiMode = UI_MODE_NIGHT_NO;
  public int orientation = ORIENTATION_PORTRAIT;
  public int screenWidthDp = 360;
  public int screenHeightDp = 720;
  private int direction;

  public int getLayoutDirection() {
    return direction;
  }

  @dev.edgeship.doubles.Hook
  public void direct(int direction) {
    this.direction = direction;
  }
}
