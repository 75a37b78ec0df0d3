package dev.edgeship.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Calls the C code as the app does, and as it should not; prints a line for each answer. */
final class NativeDriver {
  private static final int FLOAT32 = 1;

  public static void main(String[] words) throws Exception {
    String[] rest = Arrays.copyOfRange(words, 1, words.length);
    switch (words[0]) {
      case "run" -> run(rest);
      case "classify" -> classify(rest[0], rest[1], rest[2]);
      case "abuse" -> abuse(rest[0], rest[1]);
      case "together" -> together(rest[0]);
      default -> throw new IllegalArgumentException(words[0]);
    }
  }

  /** Runs sections of words, divided by "--"; the first word is the report. */
  private static void run(String[] words) throws Exception {
    List<String> section = new ArrayList<>();
    for (String word : Arrays.copyOfRange(words, 1, words.length + 1)) {
      if (word != null && !word.equals("--")) {
        section.add(word);
      } else {
        runSection(words[0], section);
        section.clear();
      }
    }
  }

  private static void runSection(String report, List<String> section) throws Exception {
    String how = section.get(0).startsWith("@") ? section.remove(0) : "";
    String[] words = section.toArray(new String[0]);
    Thread other = null;
    if (how.equals("@stop")) Native.stop("Stopped: \u0171 \ud83d\ude42");
    if (how.equals("@later")) other = later(() -> Native.stop("Stopped later."));
    if (how.equals("@twice"))
      other = later(() -> System.out.println("second " + Native.run(words, report)));
    System.out.println("run " + Native.run(words, report));
    if (other != null) other.join();
  }

  private static Thread later(Runnable what) {
    Thread thread =
        new Thread(
            () -> {
              try {
                Thread.sleep(300);
              } catch (InterruptedException error) {
                throw new IllegalStateException(error);
              }
              what.run();
            });
    thread.start();
    return thread;
  }

  private static long open(String model) {
    String[] why = new String[1];
    long handle = Native.open(model, 1, "cpu", why);
    if (handle == 0) throw new IllegalStateException(why[0]);
    return handle;
  }

  private static void classify(String model, String input, String output) throws IOException {
    byte[] bytes = Files.readAllBytes(Paths.get(input));
    long handle = open(model);
    int[] shape = Native.outputShape(handle);
    int type = Native.outputType(handle);
    String taken = Arrays.toString(Native.inputShape(handle));
    System.out.println("input " + taken + " " + Native.inputType(handle));
    System.out.println("output " + Arrays.toString(shape) + " " + type);
    ByteBuffer in = ByteBuffer.allocateDirect(bytes.length);
    in.put(bytes);
    int size = type == FLOAT32 ? 4 : 1;
    for (int dimension : shape) size *= dimension;
    ByteBuffer out = ByteBuffer.allocateDirect(size);
    for (int i = 0; i < 3; i++) System.out.println("ns " + Native.infer(handle, in, out));
    byte[] result = new byte[size];
    out.get(result);
    Files.write(Paths.get(output), result);
    Native.close(handle);
  }

  /** Everything that no one should do; none of it may crash. */
  private static void abuse(String model, String report) {
    Map<String, Object> answers = new TreeMap<>();
    answers.put("words null", Native.run(null, report));
    answers.put("report null", Native.run(new String[0], null));
    answers.put("report in no folder", Native.run(new String[0], "/nonexistent/report"));
    answers.put("word null", Native.run(new String[] {"--model", null}, report));
    answers.put("word with a zero", Native.run(new String[] {"--model", "a\0b"}, report));
    answers.put("word with half a pair", Native.run(new String[] {"--model", "a\ud83d"}, report));
    answers.put("word with the other half", Native.run(new String[] {"\ude42\ud83d"}, report));
    answers.put("no words", Native.run(new String[0], report));
    answers.put("too many words", Native.run(filled(100_000), report));
    answers.put("a long word", Native.run(new String[] {"x".repeat(3_000_000)}, report));
    for (int i = 0; i < 4; i++)
      Native.run(new String[] {"x".repeat(i) + "\ud83d\ude42".repeat(1000)}, report);

    answers.put("open null", why(null, 1, "cpu"));
    answers.put("open without accelerator", why(model, 1, null));
    answers.put("open nothing", why("/nonexistent \ud83d\ude42", 1, "cpu"));
    answers.put("open with abacus", why(model, 1, "abacus"));
    answers.put("open with no thread", why(model, 0, "cpu"));
    answers.put("open without why", Native.open("/nonexistent", 1, "cpu", null));
    answers.put("open with empty why", Native.open("/nonexistent", 1, "cpu", new String[0]));

    long handle = open(model);
    ByteBuffer in = ByteBuffer.allocateDirect(1024);
    ByteBuffer out = ByteBuffer.allocateDirect(1280);
    answers.put("infer null", Native.infer(handle, null, out));
    answers.put("infer to null", Native.infer(handle, in, null));
    answers.put("infer from the heap", Native.infer(handle, ByteBuffer.allocate(1024), out));
    ByteBuffer little = ByteBuffer.allocateDirect(1023);
    answers.put("infer from too little", Native.infer(handle, little, out));
    answers.put("infer to too much", Native.infer(handle, in, ByteBuffer.allocateDirect(1281)));
    answers.put("infer from a slice", sliced(handle, out) > 0);
    answers.put("infer", Native.infer(handle, in, out) > 0);
    long[] others = {0, -1, 1, handle + 1, handle - 1, Long.MIN_VALUE, Long.MAX_VALUE};
    for (long wrong : others) {
      long answer = Native.infer(wrong, in, out);
      if (answer != -1) throw new IllegalStateException(wrong + " gives " + answer);
      Native.close(wrong);
    }
    answers.put("infer after others were closed", Native.infer(handle, in, out) > 0);
    Native.close(handle);
    Native.close(handle);
    answers.put("infer after closing", Native.infer(handle, in, out));
    answers.put("shape after closing", Native.inputShape(handle));
    answers.put("type after closing", Native.outputType(handle));

    List<Long> handles = new ArrayList<>();
    for (int i = 0; i < 4; i++) handles.add(open(model));
    answers.put("one too many", why(model, 1, "cpu"));
    handles.forEach(Native::close);
    long again = open(model);
    answers.put("an old handle is not the new one", !handles.contains(again) && again != handle);
    Native.close(again);
    answers.forEach((name, answer) -> System.out.println(name + ": " + answer));
  }

  private static String[] filled(int count) {
    String[] words = new String[count];
    Arrays.fill(words, "x");
    return words;
  }

  private static long sliced(long handle, ByteBuffer out) {
    ByteBuffer larger = ByteBuffer.allocateDirect(2000);
    larger.position(100).limit(1124);
    return Native.infer(handle, larger.slice(), out);
  }

  private static String why(String model, int threads, String accelerator) {
    String[] why = new String[1];
    long handle = Native.open(model, threads, accelerator, why);
    return handle == 0 ? why[0] : "opened";
  }

  /** Eight threads open, run and close, each others' networks too. */
  private static void together(String model) throws Exception {
    long[] handles = new long[8];
    AtomicInteger runs = new AtomicInteger();
    Thread[] threads = new Thread[handles.length];
    for (int i = 0; i < threads.length; i++) {
      int own = i;
      threads[i] =
          new Thread(
              () -> {
                ByteBuffer in = ByteBuffer.allocateDirect(1024);
                ByteBuffer out = ByteBuffer.allocateDirect(1280);
                for (int turn = 0; turn < 200; turn++) {
                  handles[own] = Native.open(model, 1, "cpu", new String[1]);
                  for (long handle : handles) {
                    if (Native.infer(handle, in, out) > 0) runs.incrementAndGet();
                  }
                  Native.close(handles[(own + turn) % handles.length]);
                  Native.close(handles[own]);
                }
              });
      threads[i].start();
    }
    for (Thread thread : threads) thread.join();
    System.out.println("runs " + (runs.get() > 0));
    long last = open(model);
    System.out.println("opens " + (last > 0));
  }
}
