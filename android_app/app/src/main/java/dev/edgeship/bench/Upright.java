package dev.edgeship.bench;

/** A picture turned as its orientation says. */
final class Upright implements Rows {
  private final Lines lines;
  private final int[] line;

  // Whether a row is a column of what was given.
  private final boolean columns;

  // Whether the first row is the last row or column of what was given.
  private final boolean lastFirst;

  // Whether its rows run against those of what was given.
  private final boolean backwards;

  /**
   * Turns a picture.
   *
   * @param orientation of EXIF, 1 to 8; others count as 1, which is upright
   */
  Upright(Lines lines, int orientation) {
    this.lines = lines;
    columns = orientation >= 5 && orientation <= 8;
    lastFirst = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
    backwards = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
    line = new int[width()];
  }

  /** Returns the orientation of a picture that has to be turned clockwise to stand upright. */
  static int orientation(int degrees) {
    int[] orientations = {1, 6, 3, 8};
    return orientations[((degrees % 360 + 360) % 360) / 90];
  }

  @Override
  public int width() {
    return columns ? lines.height() : lines.width();
  }

  @Override
  public int height() {
    return columns ? lines.width() : lines.height();
  }

  @Override
  public void read(int y, byte[] rgb) {
    int number = lastFirst ? height() - 1 - y : y;
    if (columns) lines.column(number, line);
    else lines.row(number, line);
    for (int x = 0; x < line.length; x++) {
      int pixel = line[backwards ? line.length - 1 - x : x];
      rgb[3 * x] = (byte) (pixel >> 16);
      rgb[3 * x + 1] = (byte) (pixel >> 8);
      rgb[3 * x + 2] = (byte) pixel;
    }
  }
}
