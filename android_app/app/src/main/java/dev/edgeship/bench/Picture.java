package dev.edgeship.bench;

import android.graphics.Bitmap;
import android.graphics.BitmapFactory;
import android.media.ExifInterface;
import java.io.File;
import java.io.IOException;

/** A picture file, decoded by Android. */
final class Picture implements Lines {
  /** The largest file that is read. */
  static final long MAX_BYTES = 64 << 20;

  private final Bitmap bitmap;

  private Picture(Bitmap bitmap) {
    this.bitmap = bitmap;
  }

  /**
   * Decodes a file, and turns it as its EXIF says.
   *
   * @throws Refused if it is no picture, or too large
   */
  static Rows open(File file) throws Refused, IOException {
    BitmapFactory.Options options = new BitmapFactory.Options();
    options.inJustDecodeBounds = true;
    BitmapFactory.decodeFile(file.getPath(), options);
    long pixels = (long) options.outWidth * options.outHeight;
    if (options.outWidth < 1 || options.outHeight < 1) throw new Refused(R.string.refused_picture);
    if (pixels > Cropping.MAX_PIXELS) {
      throw new Refused(
          R.string.refused_pixels, options.outWidth, options.outHeight, Cropping.MAX_PIXELS);
    }
    return new Upright(new Picture(decode(file)), orientation(file));
  }

  private static Bitmap decode(File file) throws Refused {
    BitmapFactory.Options options = new BitmapFactory.Options();
    options.inPreferredConfig = Bitmap.Config.ARGB_8888;
    options.inScaled = false;
    // What is transparent keeps its colour, as where edgeship reads pictures.
    options.inPremultiplied = false;
    try {
      Bitmap bitmap = BitmapFactory.decodeFile(file.getPath(), options);
      if (bitmap == null) throw new Refused(R.string.refused_picture);
      return bitmap;
    } catch (OutOfMemoryError error) {
      throw new Refused(R.string.refused_memory);
    }
  }

  private static int orientation(File file) throws IOException {
    return new ExifInterface(file.getPath())
        .getAttributeInt(ExifInterface.TAG_ORIENTATION, ExifInterface.ORIENTATION_NORMAL);
  }

  @Override
  public int width() {
    return bitmap.getWidth();
  }

  @Override
  public int height() {
    return bitmap.getHeight();
  }

  @Override
  public void row(int y, int[] argb) {
    bitmap.getPixels(argb, 0, width(), 0, y, width(), 1);
  }

  @Override
  public void column(int x, int[] argb) {
    bitmap.getPixels(argb, 0, 1, x, 0, 1, height());
  }
}
