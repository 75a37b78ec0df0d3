package dev.edgeship.bench;

import java.nio.ByteBuffer;

/**
 * A camera's frame: brightness for each pixel, and two differences of colour for each four (YUV
 * 4:2:0). The colours are those of JPEG, as Android's cameras use them: BT.601, all 256 values.
 */
final class Frame implements Lines {
  /** One of the three planes. */
  static final class Plane {
    private final byte[] bytes;
    private final int rowStride;
    private final int pixelStride;

    /** Copies a plane, as the camera takes its memory back. */
    Plane(ByteBuffer from, int rowStride, int pixelStride) {
      bytes = new byte[from.remaining()];
      from.get(bytes);
      this.rowStride = rowStride;
      this.pixelStride = pixelStride;
    }

    private int at(int x, int y) {
      return bytes[y * rowStride + x * pixelStride] & 0xff;
    }
  }

  private final int width;
  private final int height;
  private final Plane brightness;
  private final Plane blue;
  private final Plane red;

  Frame(int width, int height, Plane brightness, Plane blue, Plane red) {
    this.width = width;
    this.height = height;
    this.brightness = brightness;
    this.blue = blue;
    this.red = red;
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public int height() {
    return height;
  }

  @Override
  public void row(int y, int[] argb) {
    for (int x = 0; x < width; x++) argb[x] = pixel(x, y);
  }

  @Override
  public void column(int x, int[] argb) {
    for (int y = 0; y < height; y++) argb[y] = pixel(x, y);
  }

  private int pixel(int x, int y) {
    int luma = brightness.at(x, y) << 16;
    int u = blue.at(x / 2, y / 2) - 128;
    int v = red.at(x / 2, y / 2) - 128;
    // 1.402, 0.344136, 0.714136 and 1.772 times 2 to the power of 16.
    int r = level(luma + 91881 * v);
    int g = level(luma - 22554 * u - 46802 * v);
    int b = level(luma + 116130 * u);
    return 0xff000000 | r << 16 | g << 8 | b;
  }

  private static int level(int fixed) {
    return Math.max(0, Math.min(255, (fixed + 0x8000) >> 16));
  }
}
