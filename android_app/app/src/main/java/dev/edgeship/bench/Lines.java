package dev.edgeship.bench;

/** A picture as a decoder or a camera gives it, lying on its side for example. */
interface Lines {
  int width();

  int height();

  /** Reads a row from its left: alpha, red, green and blue of each pixel in an int. */
  void row(int y, int[] argb);

  /** Reads a column from its top, likewise. */
  void column(int x, int[] argb);
}
