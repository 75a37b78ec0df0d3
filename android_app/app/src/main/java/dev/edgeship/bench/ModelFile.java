package dev.edgeship.bench;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;

/**
 * Whether a file is a .tflite, and whole, before native code maps it.
 *
 * <p>It follows the flatbuffer from its root to the ends of all constants, which is what a file that
 * was cut off, or is something else, does not survive. It is no full verification: LiteRT does that.
 */
final class ModelFile {
  private static final int IDENTIFIER = 0x334c4654; // "TFL3"

  // Numbers of the fields of Model and Buffer in the schema of TensorFlow Lite.
  private static final int SUBGRAPHS = 2;
  private static final int BUFFERS = 4;
  private static final int DATA = 0;

  private final ByteBuffer bytes;

  private ModelFile(ByteBuffer bytes) {
    this.bytes = bytes.order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Checks a file.
   *
   * @throws Refused if it is no .tflite file, is cut off or damaged, or too large
   */
  static void check(File file) throws Refused, IOException {
    String name = file.getName();
    long length = file.length();
    if (length > Order.MAX_FILE_BYTES) {
      throw new Refused(R.string.refused_too_large, name, Order.MAX_FILE_BYTES);
    }
    if (length < 8) throw new Refused(R.string.refused_not_tflite, name);
    try (RandomAccessFile opened = new RandomAccessFile(file, "r")) {
      ByteBuffer mapped = opened.getChannel().map(FileChannel.MapMode.READ_ONLY, 0, length);
      ModelFile model = new ModelFile(mapped);
      if (model.bytes.getInt(4) != IDENTIFIER) {
        throw new Refused(R.string.refused_not_tflite, name);
      }
      if (!model.isWhole()) throw new Refused(R.string.refused_damaged, name);
    }
  }

  private boolean isWhole() {
    try {
      int root = indirect(0);
      int subgraphs = vector(root, SUBGRAPHS);
      int buffers = vector(root, BUFFERS);
      if (subgraphs < 0 || bytes.getInt(subgraphs) < 1 || buffers < 0) return false;
      return fit(subgraphs, 4) && fit(buffers, 4) && areWhole(buffers);
    } catch (IndexOutOfBoundsException error) {
      return false;
    }
  }

  /** Whether the bytes of all constants lie in the file. */
  private boolean areWhole(int buffers) {
    for (int i = 0; i < bytes.getInt(buffers); i++) {
      int data = vector(indirect(buffers + 4 + 4 * i), DATA);
      if (data >= 0 && !fit(data, 1)) return false;
    }
    return true;
  }

  /** Whether a vector's elements, each of that many bytes, lie in the file. */
  private boolean fit(int vector, int size) {
    int count = bytes.getInt(vector);
    return count >= 0 && vector + 4 + (long) count * size <= bytes.limit();
  }

  /** Returns where the vector in a table's field begins, or -1 if the field is not there. */
  private int vector(int table, int field) {
    int fields = within((long) table - bytes.getInt(table));
    int entry = 4 + 2 * field;
    if (entry >= (bytes.getShort(fields) & 0xffff)) return -1;
    int offset = bytes.getShort(fields + entry) & 0xffff;
    return offset == 0 ? -1 : indirect(table + offset);
  }

  private int indirect(int position) {
    int offset = bytes.getInt(position);
    // It is unsigned: what looks negative is larger than any file.
    if (offset <= 0) throw new IndexOutOfBoundsException();
    return within((long) position + offset);
  }

  private int within(long position) {
    if (position < 0 || position >= bytes.limit()) throw new IndexOutOfBoundsException();
    return (int) position;
  }
}
