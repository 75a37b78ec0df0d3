package android.graphics;

/** How pictures lie in memory. */
public class ImageFormat {
  public static final int YUV_420_888 = 35;
}
