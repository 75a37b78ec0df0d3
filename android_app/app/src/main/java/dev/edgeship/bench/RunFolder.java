package dev.edgeship.bench;

import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.json.JSONException;
import org.json.JSONObject;

/** The files of one run. */
final class RunFolder {
  /** Where a run stands. */
  enum State {
    RUNNING,
    FINISHED,
    /** Its report says why. */
    FAILED,
    /** Its process was ended before its report was. */
    DIED
  }

  /** Names in what {@link #about} returns: the file's name for people, and the order. */
  static final String MODEL = "model";

  static final String WORDS = "words";

  private static final long MAX_NOTE_BYTES = 1 << 20;

  final String id;
  private final File folder;

  RunFolder(File folder, String id) {
    this.folder = folder;
    this.id = id;
  }

  /** JSON lines, which grow while the run goes on. */
  File report() {
    return new File(folder, "report.jsonl");
  }

  /** The raw bytes of all outputs, one after the other. */
  File outputs() {
    return new File(folder, "outputs");
  }

  /** The file that the run's process holds a lock on; see {@link RunLock}. */
  File lock() {
    return new File(folder, "lock");
  }

  /** What was asked for; empty before the order was read. */
  JSONObject about() throws IOException {
    return read("about.json");
  }

  /** Keeps what was asked for. */
  void describe(JSONObject about) throws IOException {
    write("about.json", about);
  }

  /** What a run that ended came to, as {@link Summary} makes it; empty where it did not end. */
  JSONObject summary() throws IOException {
    return read("summary.json");
  }

  /** Keeps what the run came to. */
  void conclude(JSONObject summary) throws IOException {
    write("summary.json", summary);
  }

  /** When it began, in milliseconds since 1970. */
  long begun() {
    return lock().lastModified();
  }

  State state() throws IOException {
    if (!RunLock.isFree(lock())) return State.RUNNING;
    JSONObject summary = summary();
    if (summary.length() == 0) return State.DIED;
    return summary.has(Summary.ERROR) ? State.FAILED : State.FINISHED;
  }

  /** Removes the outputs, if it has any. */
  void forgetOutputs() throws IOException {
    if (outputs().exists()) remove(outputs());
  }

  /** Removes it with all files. */
  void delete() throws IOException {
    File[] files = folder.listFiles();
    for (File file : files == null ? new File[0] : files) {
      // The lock goes last: without it, a half removed folder would be no run.
      if (!file.equals(lock())) remove(file);
    }
    if (lock().exists()) remove(lock());
    remove(folder);
  }

  private static void remove(File file) throws IOException {
    if (!file.delete() && file.exists()) throw new IOException(file + " cannot be removed");
  }

  private JSONObject read(String name) throws IOException {
    File file = new File(folder, name);
    if (!file.isFile()) return new JSONObject();
    try {
      return new JSONObject(TextFile.read(file, MAX_NOTE_BYTES));
    } catch (JSONException | Refused error) {
      throw new IOException(file + " is damaged", error);
    }
  }

  /** Writes beside it first, so that no reader sees half of it. */
  private void write(String name, JSONObject content) throws IOException {
    File whole = new File(folder, name);
    File part = new File(folder, name + ".part");
    try (FileOutputStream stream = new FileOutputStream(part)) {
      stream.write(content.toString().getBytes(StandardCharsets.UTF_8));
    }
    if (!part.renameTo(whole)) throw new IOException(whole + " cannot be written");
  }
}
