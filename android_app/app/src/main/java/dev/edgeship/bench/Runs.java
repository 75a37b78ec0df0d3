package dev.edgeship.bench;

import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** All runs on this phone, a folder each, and no other files. */
final class Runs {
  /** How many are kept. */
  static final int KEPT = 200;

  private static final Pattern ID = Pattern.compile("[A-Za-z0-9-]{1,64}");

  // No ID has a dot.
  private static final String UNBORN = "new.";

  private final File folder;

  /** Takes the app's folder for files, which runs/ lies in. */
  Runs(File files) {
    folder = new File(files, "runs");
  }

  /** Whether a text from outside can be the ID of a run, and thus the name of a folder. */
  static boolean isId(String text) {
    return text != null && ID.matcher(text).matches();
  }

  /** A run that this process has begun. */
  static final class Begun {
    final RunFolder run;
    private final RunLock lock;

    Begun(RunFolder run, RunLock lock) {
      this.run = run;
      this.lock = lock;
    }

    /** Tells whoever follows that all is written, as the end of the process does. */
    void end() throws IOException {
      lock.close();
    }
  }

  /**
   * Begins a run: whoever sees its folder sees it locked.
   *
   * @param id a valid ID
   * @throws Refused if there is such a run already
   */
  Begun begin(String id) throws Refused, IOException {
    File unborn = new File(folder, UNBORN + id);
    // One may be left of a process that was killed right here.
    if (unborn.exists()) new RunFolder(unborn, id).delete();
    if (!unborn.mkdirs()) throw new IOException(unborn + " cannot be made");
    RunFolder made = new RunFolder(unborn, id);
    RunLock lock = RunLock.take(made.lock());
    File born = new File(folder, id);
    if (!made.report().createNewFile() || !unborn.renameTo(born)) {
      lock.close();
      made.delete();
      throw new Refused(R.string.refused_run_exists, id);
    }
    return new Begun(new RunFolder(born, id), lock);
  }

  /** Returns a run, or null if there is none. */
  RunFolder find(String id) {
    if (!isId(id)) return null;
    RunFolder run = new RunFolder(new File(folder, id), id);
    return run.lock().isFile() ? run : null;
  }

  /** Returns all runs, the newest first. */
  List<RunFolder> newestFirst() {
    String[] names = folder.list();
    List<RunFolder> runs = new ArrayList<>();
    for (String name : names == null ? new String[0] : names) {
      RunFolder run = find(name);
      if (run != null) runs.add(run);
    }
    // Their times are read once: a run that is removed meanwhile has none, and must not upset sort.
    Map<RunFolder, Long> begun = new HashMap<>();
    for (RunFolder run : runs) begun.put(run, run.begun());
    Collections.sort(runs, (a, b) -> Long.compare(begun.get(b), begun.get(a)));
    return runs;
  }

  /** Removes a run that has ended; returns whether it did. */
  boolean remove(String id) throws IOException {
    RunFolder run = find(id);
    if (run == null || !RunLock.isFree(run.lock())) return false;
    run.delete();
    return true;
  }

  /** Removes all runs that have ended; returns how many. */
  int removeAll() throws IOException {
    int removed = 0;
    for (RunFolder run : newestFirst()) if (remove(run.id)) removed++;
    return removed;
  }

  /**
   * Removes the oldest runs until few enough are left, what is left of runs that died at birth, and
   * the outputs of all runs: they may be large, and whoever began a run has read its outputs before
   * the next one begins.
   *
   * @param except the run that has just begun, of which there is one at a time
   */
  void prune(String except) throws IOException {
    String[] names = folder.list();
    for (String name : names == null ? new String[0] : names) {
      if (name.startsWith(UNBORN)) new RunFolder(new File(folder, name), name).delete();
    }
    int count = 0;
    for (RunFolder run : newestFirst()) {
      // To ask for the lock of one's own run would release it.
      if (run.id.equals(except)) continue;
      count++;
      if (count >= KEPT) remove(run.id);
      else run.forgetOutputs();
    }
  }
}
