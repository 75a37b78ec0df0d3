package dev.edgeship.doubles;

import android.media.Image;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import javax.imageio.ImageIO;

/** What the camera sees: a picture from the file "phone.scene". */
public final class Scene {
  private Scene() {}

  /** Returns the path of the picture; null where there is no camera. */
  public static String path() {
    return System.getProperty("phone.scene");
  }

  /** Returns the picture as a camera gives it: brightness, and two colors of half the size. */
  public static Image frame(int width, int height) throws IOException {
    BufferedImage scaled = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = scaled.createGraphics();
    graphics.drawImage(ImageIO.read(new File(path())), 0, 0, width, height, null);
    graphics.dispose();
    ByteBuffer luma = ByteBuffer.allocateDirect(width * height);
    ByteBuffer blue = ByteBuffer.allocateDirect(width * height / 2);
    ByteBuffer red = ByteBuffer.allocateDirect(width * height / 2);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int rgb = scaled.getRGB(x, y);
        double r = rgb >> 16 & 0xff;
        double g = rgb >> 8 & 0xff;
        double b = rgb & 0xff;
        double bright = 0.299 * r + 0.587 * g + 0.114 * b;
        luma.put(y * width + x, (byte) Math.round(bright));
        if ((x | y) % 2 != 0) continue;
        // Two bytes apart, as most cameras have them.
        int at = y / 2 * width + x;
        blue.put(at, (byte) clip(128 + (b - bright) / 1.772));
        red.put(at, (byte) clip(128 + (r - bright) / 1.402));
      }
    }
    return new Frame(width, height, luma, blue, red);
  }

  private static long clip(double value) {
    return Math.max(0, Math.min(255, Math.round(value)));
  }

  private static final class Frame extends Image {
    private final int width;
    private final int height;
    private final Plane[] planes;

    Frame(int width, int height, ByteBuffer luma, ByteBuffer blue, ByteBuffer red) {
      this.width = width;
      this.height = height;
      planes = new Plane[] {plane(luma, 1), plane(blue, 2), plane(red, 2)};
    }

    private Plane plane(ByteBuffer buffer, int stride) {
      return new Plane() {
        @Override
        public int getRowStride() {
          return width;
        }

        @Override
        public int getPixelStride() {
          return stride;
        }

        @Override
        public ByteBuffer getBuffer() {
          return buffer;
        }
      };
    }

    @Override
    public int getWidth() {
      return width;
    }

    @Override
    public int getHeight() {
      return height;
    }

    @Override
    public Plane[] getPlanes() {
      return planes;
    }

    @Override
    public void close() {}
  }
}
