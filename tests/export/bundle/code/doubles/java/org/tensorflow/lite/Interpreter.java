package org.tensorflow.lite;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * A double of the class in Google's Maven package: what generated code calls of it, with the same
 * types and the same demands on buffers, on the real LiteRT by another way.
 */
public final class Interpreter implements AutoCloseable {
  static {
    System.loadLibrary("interpreter_double");
  }

  /** How a file is run. */
  public static class Options {
    private int threads = 1;

    public Options setNumThreads(int numThreads) {
      threads = numThreads;
      return this;
    }
  }

  private long handle;

  public Interpreter(ByteBuffer model, Options options) {
    if (!model.isDirect() || model.order() != ByteOrder.nativeOrder()) {
      throw new IllegalArgumentException("Model ByteBuffer should be direct, in native order");
    }
    try {
      Path file = Files.createTempFile("model", ".tflite");
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        ByteBuffer whole = model.duplicate();
        whole.clear(); // The real one reads all of it, wherever the position is.
        channel.write(whole);
      }
      handle = open(file.toString(), options.threads);
      Files.delete(file);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  public void runForMultipleInputsOutputs(Object[] inputs, Map<Integer, Object> outputs) {
    if (handle == 0) throw new IllegalStateException("Internal error: The Interpreter is closed");
    if (inputs.length != count(handle, false)) {
      throw new IllegalArgumentException("Input error: wrong number of inputs");
    }
    for (int i = 0; i < inputs.length; i++) {
      ByteBuffer given = (ByteBuffer) inputs[i];
      demand(given, bytes(handle, false, i) == ((Buffer) given).capacity());
      check(set(handle, i, given));
    }
    check(run(handle));
    for (Map.Entry<Integer, Object> one : outputs.entrySet()) {
      long size = bytes(handle, true, one.getKey());
      ByteBuffer stored = ByteBuffer.allocateDirect((int) size).order(ByteOrder.nativeOrder());
      check(get(handle, one.getKey(), stored));
      ByteBuffer to = (ByteBuffer) one.getValue();
      demand(to, to.capacity() >= size);
      to.put(stored); // From where the position is, which it moves, as the real one does.
    }
  }

  @Override
  public void close() {
    if (handle != 0) close(handle);
    handle = 0;
  }

  private static void demand(ByteBuffer buffer, boolean fits) {
    // The real one would copy buffers that are not direct; ours must not rely on it.
    if (!fits || !buffer.isDirect() || buffer.order() != ByteOrder.nativeOrder()) {
      throw new IllegalArgumentException("Cannot copy between a tensor and a Java Buffer");
    }
  }

  private static void check(int status) {
    if (status != 0) throw new IllegalStateException("LiteRT answers " + status);
  }

  private static native long open(String path, int threads);

  private static native int count(long handle, boolean output);

  private static native long bytes(long handle, boolean output, int index);

  private static native int set(long handle, int index, ByteBuffer bytes);

  private static native int run(long handle);

  private static native int get(long handle, int index, ByteBuffer bytes);

  private static native void close(long handle);
}
