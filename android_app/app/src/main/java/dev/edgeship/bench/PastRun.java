package dev.edgeship.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.json.JSONArray;
import org.json.JSONObject;

/** What is known about one run at one moment. */
final class PastRun {
  final String id;

  /** When it began, in milliseconds since 1970. */
  final long begun;

  final RunFolder.State state;

  /** What people call the file; empty where the order was not read. */
  final String model;

  /** The figures, with the names of {@link Summary}; empty before the run's end. */
  final JSONObject summary;

  private final List<String> words = new ArrayList<>();

  private PastRun(RunFolder run) throws IOException {
    id = run.id;
    begun = run.begun();
    state = run.state();
    JSONObject about = run.about();
    model = about.optString(RunFolder.MODEL);
    summary = run.summary();
    JSONArray order = about.optJSONArray(RunFolder.WORDS);
    for (int i = 0; order != null && i < order.length(); i++) words.add(order.optString(i));
  }

  static PastRun read(RunFolder run) throws IOException {
    return new PastRun(run);
  }

  /** Reads all runs, the newest first; those that are removed meanwhile are left out. */
  static List<PastRun> readAll(Runs runs) throws IOException {
    List<PastRun> all = new ArrayList<>();
    for (RunFolder run : runs.newestFirst()) {
      try {
        all.add(read(run));
      } catch (IOException error) {
        if (runs.find(run.id) != null) throw error;
      }
    }
    return all;
  }

  /** Returns what was asked to run it: cpu, gpu or npu. */
  String accelerator() {
    return value("--accelerator", "cpu");
  }

  /** Returns how many threads were asked for. */
  String threads() {
    return value("--threads", "1");
  }

  private String value(String option, String otherwise) {
    int place = words.lastIndexOf(option);
    return place < 0 || place + 1 == words.size() ? otherwise : words.get(place + 1);
  }
}
