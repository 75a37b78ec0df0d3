package dev.edgeship.bench;

import android.content.Context;
import android.content.Intent;
import android.content.SharedPreferences;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.text.SimpleDateFormat;
import java.util.Date;
import java.util.Locale;

/** What the first screen is set to: a file, and how to run it. Kept from one start to the next. */
final class Bench {
  static final String[] ACCELERATORS = {"cpu", "gpu", "npu"};
  static final int[] THREADS = {1, 2, 4, 8};

  private static final String NAME = "name";
  private static final String ACCELERATOR = "accelerator";
  private static final String THREAD = "threads";
  private static final String LAST_RUN = "last_run";

  private final Context context;
  private final SharedPreferences kept;

  Bench(Context context) {
    this.context = context;
    kept = context.getSharedPreferences("bench", Context.MODE_PRIVATE);
  }

  /** Returns what people call the chosen file, or null if none is chosen. */
  String name() {
    return model().isFile() ? kept.getString(NAME, null) : null;
  }

  /** Returns the size of the chosen file in bytes. */
  long bytes() {
    return model().length();
  }

  /** Takes a file of another app, if it is a .tflite; keeps the one before it otherwise. */
  void choose(Incoming incoming) throws Refused, IOException {
    synchronized (Bench.class) { // A screen that is just being replaced may still be copying.
      replace(incoming);
    }
  }

  private void replace(Incoming incoming) throws Refused, IOException {
    File copy = new File(model().getParentFile(), "new.tflite");
    try {
      incoming.copy(copy, Order.MAX_FILE_BYTES);
      ModelFile.check(copy, incoming.name());
      if (!copy.renameTo(model())) throw new IOException(model() + " cannot be written");
      kept.edit().putString(NAME, incoming.name()).apply();
    } finally {
      copy.delete(); // It is there only if something failed.
    }
  }

  /** Returns the place in ACCELERATORS of what the user chose. */
  int accelerator() {
    return within(kept.getInt(ACCELERATOR, 0), ACCELERATORS.length);
  }

  void setAccelerator(int index) {
    kept.edit().putInt(ACCELERATOR, index).apply();
  }

  /** Returns the place in THREADS of what the user chose. */
  int threads() {
    return within(kept.getInt(THREAD, 2), THREADS.length);
  }

  void setThreads(int index) {
    kept.edit().putInt(THREAD, index).apply();
  }

  /** Returns the ID of the run that was started last, or null. */
  String lastRun() {
    return kept.getString(LAST_RUN, null);
  }

  /** Writes an order, and returns the intent that has it run. */
  Intent order() throws IOException {
    String id = "app-" + new SimpleDateFormat("yyyyMMdd-HHmmss", Locale.ROOT).format(new Date());
    String[] words = {
      "--model", model().getPath(),
      "--accelerator", ACCELERATORS[accelerator()],
      "--threads", String.valueOf(THREADS[threads()]),
      "--warmup-ns", "500000000",
      "--runs", "10",
      "--run-ns", "3000000000",
      "--frequency",
    };
    File order = new File(context.getFilesDir(), "order");
    try (FileOutputStream stream = new FileOutputStream(order)) {
      for (String word : words) stream.write((word + "\n").getBytes(StandardCharsets.UTF_8));
    }
    kept.edit().putString(LAST_RUN, id).apply();
    return new Intent(context, RunActivity.class)
        .putExtra(RunActivity.RUN, id)
        .putExtra(RunActivity.ORDER, order.getPath())
        .putExtra(RunActivity.NAME, name());
  }

  /** Returns the intent that opens the demo with the same settings. */
  Intent demo() {
    return new Intent(context, DemoActivity.class)
        .putExtra(DemoActivity.ACCELERATOR, ACCELERATORS[accelerator()])
        .putExtra(DemoActivity.THREADS, THREADS[threads()]);
  }

  private File model() {
    return new File(context.getCacheDir(), "bench/model.tflite");
  }

  private static int within(int index, int count) {
    return index >= 0 && index < count ? index : 0;
  }
}
