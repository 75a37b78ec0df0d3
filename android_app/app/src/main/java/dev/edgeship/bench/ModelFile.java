package dev.edgeship.bench;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.HashSet;
import java.util.Set;

/**
 * Whether a file is a .tflite, and whole, before native code maps it: LiteRT believes what is in it.
 *
 * <p>It follows the flatbuffer from its root to everything in it, and checks that all numbers of
 * tensors, buffers, operators and subgraphs are such. Fields have the numbers of the schema of
 * TensorFlow Lite, version 3. What operators' parameters mean is not looked at.
 */
final class ModelFile {
  private static final int IDENTIFIER = 0x334c4654; // "TFL3"

  /** LiteRT's tensors have no more dimensions. */
  private static final int MOST_DIMENSIONS = 8;

  /** No tensor that a phone could hold has more elements. */
  private static final long MOST_ELEMENTS = 1 << 30;

  private static final String[] QUANTIZATION = {"", "a", "444d", "444d"};
  private static final String[] SPARSE_VECTORS = {"", "d", "b", "a"};

  private final Flatbuffer file;
  private int codes;
  private int subgraphs;
  private boolean[] filled; // Whether a buffer has bytes.

  private ModelFile(ByteBuffer bytes) {
    file = new Flatbuffer(bytes);
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
      if (mapped.getInt(4) != IDENTIFIER) throw new Refused(R.string.refused_not_tflite, name);
      model.model();
    } catch (Flatbuffer.Damaged error) {
      throw new Refused(R.string.refused_damaged, name);
    }
  }

  private void model() throws Flatbuffer.Damaged {
    int model = file.root("4oosodoooo");
    codes = codes(model);
    buffers(model);
    int list = file.list(model, 2);
    subgraphs = file.count(list);
    expect(subgraphs > 0, "no subgraph");
    for (int i = 0; i < subgraphs; i++) subgraph(file.element(list, i, "oddos4"));
    numbers(model, 5, 0, filled.length); // buffers of metadata
    metadata(model);
    signatures(model, list);
    external(model);
  }

  private int codes(int model) throws Flatbuffer.Damaged {
    int list = file.list(model, 1);
    for (int i = 0; i < file.count(list); i++) file.element(list, i, "1s44");
    return file.count(list);
  }

  private void buffers(int model) throws Flatbuffer.Damaged {
    int list = file.list(model, 4);
    expect(list >= 0, "no buffers");
    filled = new boolean[file.count(list)];
    for (int i = 0; i < filled.length; i++) {
      int buffer = file.element(list, i, "a88");
      long offset = file.large(buffer, 1);
      long size = file.large(buffer, 2);
      // Bytes of large files lie behind the flatbuffer; 0 and 1 mean that they do not.
      boolean behind = offset < 0 || offset > 1;
      if (behind) expect(size >= 0 && offset >= 0 && offset <= file.size() - size, "no such bytes");
      filled[i] = behind || file.count(file.vector(buffer, 0, 1)) > 0;
    }
  }

  private void subgraph(int subgraph) throws Flatbuffer.Damaged {
    int list = file.list(subgraph, 0);
    int count = file.count(list);
    boolean[] constant = new boolean[count];
    for (int i = 0; i < count; i++) constant[i] = tensor(file.element(list, i, "d14so1od1o4"));
    numbers(subgraph, 1, 0, count);
    numbers(subgraph, 2, 0, count);
    int operators = file.list(subgraph, 3);
    for (int i = 0; i < file.count(operators); i++) {
      operator(file.element(operators, i, "4dd1oa1ad881o4"), constant);
    }
  }

  /** Checks a tensor, and returns whether the file has its values. */
  private boolean tensor(int tensor) throws Flatbuffer.Damaged {
    shape(file.vector(tensor, 0, 4));
    shape(file.vector(tensor, 7, 4));
    int buffer = file.number(tensor, 2, 0);
    expect(buffer >= 0 && buffer < filled.length, "no such buffer");
    quantization(file.table(tensor, 4, "dddh1o4"));
    sparsity(file.table(tensor, 6, "ddo"));
    int variants = file.list(tensor, 9);
    for (int i = 0; i < file.count(variants); i++) file.element(variants, i, "d11");
    return filled[buffer];
  }

  /** Checks dimensions, of which -1 is one that is left open. */
  private void shape(int vector) throws Flatbuffer.Damaged {
    int rank = file.count(vector);
    expect(rank <= MOST_DIMENSIONS, "more dimensions than LiteRT knows");
    long elements = 1;
    for (int i = 0; i < rank; i++) {
      int dimension = file.number(vector, i);
      expect(dimension >= -1, "a negative dimension");
      elements *= Math.max(1, dimension);
      expect(elements <= MOST_ELEMENTS, "a tensor that no phone holds");
    }
  }

  private void quantization(int table) throws Flatbuffer.Damaged {
    if (table < 0) return;
    int kind = file.small(table, 4);
    expect(kind < QUANTIZATION.length, "an unknown quantization");
    expect(kind == 0 || file.table(table, 5, QUANTIZATION[kind]) >= 0, "no such quantization");
  }

  private void sparsity(int table) throws Flatbuffer.Damaged {
    if (table < 0) return;
    int list = file.list(table, 2);
    for (int i = 0; i < file.count(list); i++) {
      int dimension = file.element(list, i, "141o1o");
      for (int field = 2; field <= 4; field += 2) {
        int kind = file.small(dimension, field);
        expect(kind < SPARSE_VECTORS.length, "an unknown vector");
        expect(
            kind == 0 || file.table(dimension, field + 1, SPARSE_VECTORS[kind]) >= 0,
            "no such vector");
      }
    }
  }

  private void operator(int operator, boolean[] constant) throws Flatbuffer.Damaged {
    int code = file.number(operator, 0, 0);
    expect(code >= 0 && code < codes, "no such operator");
    numbers(operator, 1, -1, constant.length);
    numbers(operator, 2, -1, constant.length);
    numbers(operator, 8, -1, constant.length);
    int outputs = file.vector(operator, 2, 4);
    for (int i = 0; i < file.count(outputs); i++) {
      int output = file.number(outputs, i);
      expect(output < 0 || !constant[output], "an operator that writes a constant");
    }
    options(operator, 4, OperatorOptions.first(file.small(operator, 3)));
    options(operator, 12, OperatorOptions.second(file.small(operator, 11)));
    long offset = file.large(operator, 9);
    long size = file.large(operator, 10);
    boolean inside = size >= 0 && offset >= 0 && offset <= file.size() - size;
    expect(offset == 0 || inside, "no such bytes");
  }

  private void options(int operator, int field, String fields) throws Flatbuffer.Damaged {
    String plain = fields.replace('g', '4').replace('G', 'd');
    int options = file.table(operator, field, plain);
    if (options < 0) return;
    for (int i = 0; i < fields.length(); i++) {
      if (fields.charAt(i) == 'G') numbers(options, i, 0, subgraphs);
      if (fields.charAt(i) != 'g') continue;
      int subgraph = file.number(options, i, 0);
      expect(subgraph >= -1 && subgraph < subgraphs, "no such subgraph");
    }
  }

  private void metadata(int model) throws Flatbuffer.Damaged {
    int list = file.list(model, 6);
    for (int i = 0; i < file.count(list); i++) {
      int buffer = file.number(file.element(list, i, "s4"), 1, 0);
      expect(buffer >= 0 && buffer < filled.length, "no such buffer");
    }
  }

  private void signatures(int model, int subgraphList) throws Flatbuffer.Damaged {
    int list = file.list(model, 7);
    for (int i = 0; i < file.count(list); i++) {
      int signature = file.element(list, i, "oos.4");
      int number = file.number(signature, 4, 0);
      expect(number >= 0 && number < subgraphs, "no such subgraph");
      expect(file.has(signature, 2), "a signature without a name");
      int subgraph = file.element(subgraphList, number, "oddos4");
      ports(file.list(signature, 0), file.vector(subgraph, 1, 4));
      ports(file.list(signature, 1), file.vector(subgraph, 2, 4));
    }
  }

  /** Checks names: they are those of all inputs, or outputs, of the subgraph, and of nothing else. */
  private void ports(int list, int ends) throws Flatbuffer.Damaged {
    Set<Integer> named = new HashSet<>();
    for (int i = 0; i < file.count(list); i++) {
      int port = file.element(list, i, "s4");
      expect(file.has(port, 0), "a port without a name");
      named.add(file.number(port, 1, 0));
    }
    Set<Integer> there = new HashSet<>();
    for (int i = 0; i < file.count(ends); i++) there.add(file.number(ends, i));
    expect(named.equals(there), "names of other tensors");
  }

  private void external(int model) throws Flatbuffer.Damaged {
    int groups = file.list(model, 8);
    for (int i = 0; i < file.count(groups); i++) file.element(groups, i, "s");
    int buffers = file.list(model, 9);
    // Bytes in other files: nothing that a single .tflite has.
    expect(file.count(buffers) == 0, "bytes in other files");
  }

  /** Checks that all numbers of a vector are from one to below another. */
  private void numbers(int table, int field, int from, int below) throws Flatbuffer.Damaged {
    int list = file.vector(table, field, 4);
    for (int i = 0; i < file.count(list); i++) {
      int number = file.number(list, i);
      expect(number >= from && number < below, "no such number");
    }
  }

  private static void expect(boolean holds, String otherwise) throws Flatbuffer.Damaged {
    if (!holds) throw new Flatbuffer.Damaged(otherwise);
  }
}
