package android.util;

/** The screen. */
public class DisplayMetrics {
  public int widthPixels;
  public int heightPixels;
  public float density = 1;
  public float scaledDensity = 1;
  public int densityDpi = 160;
}
