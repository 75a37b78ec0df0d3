package android.graphics;

import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/** Reads pictures, with Java's decoders: those of a JPEG differ from Android's in the last bits. */
public class BitmapFactory {
  public static Bitmap decodeFile(String path, Options options) {
    try (ImageInputStream stream = ImageIO.createImageInputStream(new File(path))) {
      Iterator<ImageReader> readers =
          stream == null ? null : ImageIO.getImageReaders(stream);
      if (readers == null || !readers.hasNext()) return none(options);
      ImageReader reader = readers.next();
      reader.setInput(stream);
      if (options != null) {
        options.outWidth = reader.getWidth(0);
        options.outHeight = reader.getHeight(0);
        if (options.inJustDecodeBounds) return null;
      }
      BufferedImage read = reader.read(0);
      Bitmap made =
          Bitmap.createBitmap(read.getWidth(), read.getHeight(), Bitmap.Config.ARGB_8888);
      int[] row = new int[read.getWidth()];
      for (int y = 0; y < read.getHeight(); y++) {
        read.getRGB(0, y, row.length, 1, row, 0, row.length);
        made.setPixels(row, 0, row.length, 0, y, row.length, 1);
      }
      return made;
    } catch (IOException | IllegalArgumentException error) {
      return none(options);
    }
  }

  private static Bitmap none(Options options) {
    if (options != null) options.outWidth = options.outHeight = -1;
    return null;
  }

  /** How, and what was found. */
  public static class Options {
    public boolean inJustDecodeBounds;
    public boolean inPremultiplied = true;
    public boolean inScaled = true;
    public int inSampleSize;
    public Bitmap.Config inPreferredConfig = Bitmap.Config.ARGB_8888;
    public int outWidth;
    public int outHeight;
    public String outMimeType;
  }
}
