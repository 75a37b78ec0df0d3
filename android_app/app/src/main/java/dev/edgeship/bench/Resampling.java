package dev.edgeship.bench;

/**
 * How much each pixel of a line counts for each pixel of a shorter or longer line: a bilinear
 * filter that widens when it makes smaller, so that nothing is skipped.
 *
 * <p>The arithmetic is that of Pillow (Resample.c), in the same order and with the same rounding,
 * so that the pixels are equal to those that edgeship calibrates and verifies with.
 */
final class Resampling {
  /** Bits behind the point of a weight. */
  static final int BITS = 32 - 8 - 2;

  /** Place of the first pixel that counts for each new pixel. */
  final int[] first;

  /** Weights of the pixels from there on, times 2 to the power of BITS. */
  final int[][] weights;

  /**
   * Prepares a line.
   *
   * @param from its pixels now
   * @param to the pixels that it gets
   */
  Resampling(int from, int to) {
    first = new int[to];
    weights = new int[to][];
    double scale = (double) from / to;
    double spread = Math.max(scale, 1);
    for (int i = 0; i < to; i++) {
      double center = (i + 0.5) * scale;
      int begin = Math.max((int) (center - spread + 0.5), 0);
      int end = Math.min((int) (center + spread + 0.5), from);
      first[i] = begin;
      weights[i] = fixed(triangle(begin, end, center, spread));
    }
  }

  /** Returns the place behind the last pixel that counts for a new pixel. */
  int end(int index) {
    return first[index] + weights[index].length;
  }

  /** Returns the pixel that a sum of weighted pixels is. */
  static byte pixel(int sum) {
    return (byte) Math.max(0, Math.min(255, sum >> BITS));
  }

  private static double[] triangle(int begin, int end, double center, double spread) {
    double[] weights = new double[end - begin];
    double inverse = 1.0 / spread;
    double total = 0;
    for (int i = 0; i < weights.length; i++) {
      double distance = Math.abs((i + begin - center + 0.5) * inverse);
      weights[i] = distance < 1 ? 1 - distance : 0;
      total += weights[i];
    }
    for (int i = 0; total != 0 && i < weights.length; i++) weights[i] /= total;
    return weights;
  }

  private static int[] fixed(double[] weights) {
    int[] fixed = new int[weights.length];
    for (int i = 0; i < fixed.length; i++) fixed[i] = (int) (0.5 + weights[i] * (1 << BITS));
    return fixed;
  }
}
