package android.media;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;

/** What a JPEG says of itself: only how it is to be turned. */
public class ExifInterface {
  public static final String TAG_ORIENTATION = "Orientation";
  public static final int ORIENTATION_UNDEFINED = 0;
  public static final int ORIENTATION_NORMAL = 1;

  private static final int ORIENTATION = 0x0112;

  private int orientation;

  public ExifInterface(String path) throws IOException {
    byte[] all = Files.readAllBytes(new File(path).toPath());
    if (all.length < 4 || (all[0] & 0xff) != 0xff || (all[1] & 0xff) != 0xd8) return;
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(all, 2, all.length - 2));
    while (in.available() > 4) {
      int marker = in.readUnsignedShort();
      int length = in.readUnsignedShort() - 2;
      if (marker == 0xffda || length < 0 || length > in.available()) return;
      byte[] segment = new byte[length];
      in.readFully(segment);
      if (marker == 0xffe1 && length > 14 && segment[0] == 'E') read(segment);
    }
  }

  private void read(byte[] segment) {
    ByteBuffer tiff = ByteBuffer.wrap(segment, 6, segment.length - 6).slice();
    tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    int at = tiff.getInt(4);
    for (int i = 0; i < tiff.getShort(at); i++) {
      int entry = at + 2 + 12 * i;
      if ((tiff.getShort(entry) & 0xffff) == ORIENTATION) orientation = tiff.getShort(entry + 8);
    }
  }

  public int getAttributeInt(String tag, int otherwise) {
    return tag.equals(TAG_ORIENTATION) && orientation != 0 ? orientation : otherwise;
  }
}
