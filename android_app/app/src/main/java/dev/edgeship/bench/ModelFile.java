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
 * <p>It follows the flatbuffer from its root to operators, tensors and the bytes of all constants. A
 * file that was cut off, or is something else, refers to bytes that it does not have. The numbers of
 * fields are those of the schema of TensorFlow Lite, version 3.
 */
final class ModelFile {
  private static final int IDENTIFIER = 0x334c4654; // "TFL3"

  /** Checks a table that lies at a position of the file. */
  private interface Check {
    void table(int at);
  }

  private final ByteBuffer bytes;

  private ModelFile(ByteBuffer bytes) {
    this.bytes = bytes.order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Checks a file.
   *
   * @param name what a refusal calls it
   *
   * @throws Refused if it is no .tflite file, is cut off or damaged, or too large
   */
  static void check(File file, String name) throws Refused, IOException {
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
      int model = indirect(0);
      tables(model, 1, this::plain); // operator codes
      tables(model, 2, this::subgraph);
      scalars(model, 3, 1); // description
      tables(model, 4, this::buffer);
      tables(model, 6, this::plain); // metadata
      return vector(model, 2) >= 0 && bytes.getInt(vector(model, 2)) > 0;
    } catch (IndexOutOfBoundsException error) {
      return false;
    }
  }

  private void subgraph(int at) {
    tables(at, 0, this::tensor);
    scalars(at, 1, 4); // inputs
    scalars(at, 2, 4); // outputs
    tables(at, 3, this::operator);
    scalars(at, 4, 1); // name
  }

  private void tensor(int at) {
    scalars(at, 0, 4); // shape
    scalars(at, 3, 1); // name
    int quantization = field(at, 4);
    if (quantization >= 0) {
      int table = indirect(quantization);
      scalars(table, 2, 4); // scales
      scalars(table, 3, 8); // zero points
    }
  }

  private void operator(int at) {
    scalars(at, 1, 4); // inputs
    scalars(at, 2, 4); // outputs
  }

  private void buffer(int at) {
    scalars(at, 0, 1);
  }

  private void plain(int at) {
    field(at, 0);
  }

  /** Checks a vector of tables, and each of them, if the field is there. */
  private void tables(int table, int field, Check check) {
    scalars(table, field, 4);
    int vector = vector(table, field);
    if (vector < 0) return;
    for (int i = 0; i < bytes.getInt(vector); i++) check.table(indirect(vector + 4 + 4 * i));
  }

  /** Checks that a vector's elements, each of that many bytes, lie in the file, if it is there. */
  private void scalars(int table, int field, int size) {
    int vector = vector(table, field);
    if (vector < 0) return;
    int count = bytes.getInt(vector);
    if (count < 0 || vector + 4 + (long) count * size > bytes.limit()) {
      throw new IndexOutOfBoundsException();
    }
  }

  private int vector(int table, int field) {
    int position = field(table, field);
    return position < 0 ? -1 : indirect(position);
  }

  /** Returns where a field of a table lies, or -1 if it is not there. */
  private int field(int table, int field) {
    int fields = within((long) table - bytes.getInt(table));
    int size = bytes.getShort(fields) & 0xffff;
    within((long) fields + size - 1);
    within((long) table + (bytes.getShort(fields + 2) & 0xffff) - 1);
    int entry = 4 + 2 * field;
    if (entry >= size) return -1;
    int offset = bytes.getShort(fields + entry) & 0xffff;
    return offset == 0 ? -1 : within((long) table + offset);
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
