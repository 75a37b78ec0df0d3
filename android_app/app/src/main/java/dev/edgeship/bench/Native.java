package dev.edgeship.bench;

import java.nio.ByteBuffer;

/** The C code: the runner of device_bench, and one network that stays open. */
final class Native {
  static {
    System.loadLibrary("edgebench");
  }

  private Native() {}

  /**
   * Loads the library, if it is not loaded yet.
   *
   * @throws LinkageError if the app has none for this processor
   */
  static void load() {} // The static block above does it.

  /**
   * Runs a file as the native runner does.
   *
   * @param words its command line, without the name of the program
   * @param report the file that its JSON lines are added to
   * @return 0, or 1 where it added an error line, or 2 where it could not even do that
   */
  static native int run(String[] words, String report);

  /** Makes a run end soon, with an error line that says why. Does nothing if there is none. */
  static native void stop(String why);

  /**
   * Opens a network with one input and one output.
   *
   * @param why takes what went wrong, at index 0
   * @return a handle, or 0 if it cannot be opened
   */
  static native long open(String model, int threads, String accelerator, String[] why);

  /** Returns the shape of the input. */
  static native int[] inputShape(long handle);

  /** Returns LiteRT's number of the input's element type. */
  static native int inputType(long handle);

  /** Returns the shape of the output. */
  static native int[] outputShape(long handle);

  /** Returns LiteRT's number of the output's element type. */
  static native int outputType(long handle);

  /**
   * Runs the network once.
   *
   * @param input a direct buffer of exactly the input's bytes
   * @param output a direct buffer of exactly the output's bytes
   * @return how long it took, in nanoseconds; negative if it failed
   */
  static native long infer(long handle, ByteBuffer input, ByteBuffer output);

  /** Closes a network; the handle is void afterwards. */
  static native void close(long handle);
}
