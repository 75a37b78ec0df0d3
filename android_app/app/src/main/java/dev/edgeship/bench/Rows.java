package dev.edgeship.bench;

/** A picture of 8 bits a channel that gives one row after the other, so that none is held twice. */
interface Rows {
  int width();

  int height();

  /**
   * Reads a row.
   *
   * @param y its number from the top
   * @param rgb takes red, green and blue of each pixel
   */
  void read(int y, byte[] rgb);
}
