package android.graphics;

import android.os.Parcelable;
import dev.edgeship.doubles.Hook;
import java.awt.image.BufferedImage;

/** A picture. */
public final class Bitmap implements Parcelable {
  private final BufferedImage image;
  private boolean recycled;

  private Bitmap(BufferedImage image) {
    this.image = image;
  }

  @Hook
  public static Bitmap of(BufferedImage image) {
    return new Bitmap(image);
  }

  public static Bitmap createBitmap(int width, int height, Config config) {
    return new Bitmap(new BufferedImage(width, height, BufferedImage.TYPE_INT_ARGB));
  }

  public static Bitmap createBitmap(int[] pixels, int width, int height, Config config) {
    Bitmap made = createBitmap(width, height, config);
    made.setPixels(pixels, 0, width, 0, 0, width, height);
    return made;
  }

  public final int getWidth() {
    return image.getWidth();
  }

  public final int getHeight() {
    return image.getHeight();
  }

  public final Config getConfig() {
    return Config.ARGB_8888;
  }

  public int getPixel(int x, int y) {
    return image.getRGB(x, y);
  }

  public void getPixels(int[] pixels, int offset, int stride, int x, int y, int width, int height) {
    image.getRGB(x, y, width, height, pixels, offset, stride);
  }

  public void setPixels(int[] pixels, int offset, int stride, int x, int y, int width, int height) {
    image.setRGB(x, y, width, height, pixels, offset, stride);
  }

  public void recycle() {
    recycled = true;
  }

  public final boolean isRecycled() {
    return recycled;
  }

  @Hook
  public BufferedImage image() {
    return image;
  }

  /** How pixels lie in memory. */
  public enum Config {
    ALPHA_8,
    RGB_565,
    ARGB_4444,
    ARGB_8888
  }
}
