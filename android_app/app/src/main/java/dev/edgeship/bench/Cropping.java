package dev.edgeship.bench;

import java.util.Arrays;

/**
 * Resizes a picture so that it just covers a size at its own aspect ratio, and keeps the middle; as
 * export/calibration/preprocess.py does.
 */
final class Cropping {
  /** The largest picture that is read or made. */
  static final long MAX_PIXELS = 80_000_000;

  private final int height;
  private final int width;
  private final int channels;
  private final double crop;

  /**
   * Prepares for a size.
   *
   * @param channels 3 for RGB, 1 for grayscale
   * @param crop the fraction of the resized picture that is kept, above 0 and at most 1
   */
  Cropping(int height, int width, int channels, double crop) {
    this.height = height;
    this.width = width;
    this.channels = channels;
    this.crop = crop;
  }

  /**
   * Returns the middle of a picture.
   *
   * @return its rows from the top, each pixel's channels together
   * @throws Refused if the picture is too large, or would be
   */
  byte[] apply(Rows picture) throws Refused {
    refuseLarge(picture.width(), picture.height());
    // Python's round, which rint is too: halves go to the even neighbour.
    long coverHeight = (long) Math.rint(height / crop);
    long coverWidth = (long) Math.rint(width / crop);
    if (coverHeight * picture.width() >= coverWidth * picture.height()) {
      coverWidth = coverHeight * picture.width() / picture.height();
    } else {
      coverHeight = coverWidth * picture.height() / picture.width();
    }
    refuseLarge(coverWidth, coverHeight);
    Resampling columns = new Resampling(picture.width(), (int) coverWidth);
    Resampling rows = new Resampling(picture.height(), (int) coverHeight);
    int left = (int) Math.rint((coverWidth - width) / 2.0);
    int top = (int) Math.rint((coverHeight - height) / 2.0);
    // Pillow 13 does so too, which shows in the last bit of some pixels.
    long lost = picture.height() - coverHeight;
    if (lost > 0 && lost > 2 * (picture.width() - coverWidth)) {
      return heightFirst(picture, columns, left, rows, top);
    }
    return widthFirst(picture, columns, left, rows, top);
  }

  private byte[] widthFirst(Rows picture, Resampling columns, int left, Resampling rows, int top) {
    int begin = rows.first[top];
    int end = rows.end(top + height - 1);
    byte[][] squeezed = new byte[end][];
    byte[] row = new byte[3 * picture.width()];
    for (int y = begin; y < end; y++) {
      read(picture, y, row);
      squeezed[y] = squeezeRow(row, columns, left);
    }
    int length = width * channels;
    byte[] result = new byte[height * length];
    int[] sums = new int[length];
    for (int y = 0; y < height; y++) {
      begin(sums);
      int place = rows.first[top + y];
      for (int weight : rows.weights[top + y]) add(squeezed[place++], weight, sums);
      end(sums, result, y * length);
    }
    return result;
  }

  private byte[] heightFirst(
      Rows picture, Resampling columns, int left, Resampling rows, int top) {
    int length = width * channels;
    byte[] result = new byte[height * length];
    byte[] row = new byte[3 * picture.width()];
    int[] sums = new int[picture.width() * channels];
    for (int y = 0; y < height; y++) {
      begin(sums);
      int place = rows.first[top + y];
      for (int weight : rows.weights[top + y]) {
        read(picture, place++, row);
        add(row, weight, sums);
      }
      end(sums, row, 0);
      System.arraycopy(squeezeRow(row, columns, left), 0, result, y * length, length);
    }
    return result;
  }

  /** Reads a row in the channels that are asked for, from the front of the array. */
  private void read(Rows picture, int y, byte[] row) {
    picture.read(y, row);
    if (channels == 1) toGray(row);
  }

  private static void begin(int[] sums) {
    Arrays.fill(sums, 1 << (Resampling.BITS - 1)); // Rounds to the nearest.
  }

  private static void add(byte[] row, int weight, int[] sums) {
    for (int i = 0; i < sums.length; i++) sums[i] += (row[i] & 0xff) * weight;
  }

  private static void end(int[] sums, byte[] row, int at) {
    for (int i = 0; i < sums.length; i++) row[at + i] = Resampling.pixel(sums[i]);
  }

  private byte[] squeezeRow(byte[] row, Resampling columns, int left) {
    byte[] squeezed = new byte[width * channels];
    for (int x = 0; x < width; x++) {
      int[] weights = columns.weights[left + x];
      int first = columns.first[left + x] * channels;
      for (int channel = 0; channel < channels; channel++) {
        int sum = 1 << (Resampling.BITS - 1);
        int place = first + channel;
        for (int weight : weights) {
          sum += (row[place] & 0xff) * weight;
          place += channels;
        }
        squeezed[x * channels + channel] = Resampling.pixel(sum);
      }
    }
    return squeezed;
  }

  /** Makes a row of RGB one of luma (ITU-R 601-2), with Pillow's rounding. */
  private static void toGray(byte[] rgb) {
    for (int i = 0; i < rgb.length / 3; i++) {
      int red = rgb[3 * i] & 0xff;
      int green = rgb[3 * i + 1] & 0xff;
      int blue = rgb[3 * i + 2] & 0xff;
      rgb[i] = (byte) ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
    }
  }

  private static void refuseLarge(long width, long height) throws Refused {
    if (width * height > MAX_PIXELS) {
      throw new Refused(R.string.refused_pixels, width, height, MAX_PIXELS);
    }
  }
}
