package android.graphics;

/** Colors as numbers: alpha, red, green, blue. */
public class Color {
  public static final int TRANSPARENT = 0;
  public static final int BLACK = 0xff000000;
  public static final int WHITE = 0xffffffff;

  public static int alpha(int color) {
    return color >>> 24;
  }

  public static int red(int color) {
    return color >> 16 & 0xff;
  }

  public static int green(int color) {
    return color >> 8 & 0xff;
  }

  public static int blue(int color) {
    return color & 0xff;
  }

  public static int rgb(int red, int green, int blue) {
    return argb(255, red, green, blue);
  }

  public static int argb(int alpha, int red, int green, int blue) {
    return alpha << 24 | red << 16 | green << 8 | blue;
  }
}
