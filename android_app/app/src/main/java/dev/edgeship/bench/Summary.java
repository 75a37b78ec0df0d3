package dev.edgeship.bench;

import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.json.JSONException;
import org.json.JSONObject;

/** What a report comes to: the figures of its timed runs, or why there are none. */
final class Summary {
  // Names in what read() returns; times are nanoseconds.
  static final String RUNS = "runs";
  static final String MEDIAN = "median_ns";
  static final String P90 = "p90_ns";
  static final String FASTEST = "fastest_ns";
  static final String SLOWEST = "slowest_ns";
  static final String INIT = "init_ns";
  static final String FIRST = "first_ns";
  static final String PEAK_RSS = "peak_rss_bytes";
  static final String ACCELERATED = "fully_accelerated";
  static final String ERROR = "error";
  static final String THERMAL_BEGIN = "thermal_status_begin";
  static final String THERMAL_END = "thermal_status_end";

  private static final String RUN = "{\"event\":\"run\",\"ns\":";

  private final JSONObject found = new JSONObject();
  private long[] times = new long[1024];
  private int count;

  private boolean cut;

  private Summary() {}

  /**
   * Reads a report.
   *
   * @param brokenOff the error of a report that breaks off
   * @return its figures; with an error instead where the report has one, or breaks off
   */
  static JSONObject read(File report, String brokenOff) throws IOException, JSONException {
    Summary summary = new Summary();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(new FileInputStream(report), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        summary.add(line);
      }
    }
    return summary.conclude(brokenOff);
  }

  private void add(String line) {
    try {
      // There may be many thousands of these.
      if (line.startsWith(RUN)) addRun(line);
      else addEvent(new JSONObject(line));
    } catch (JSONException error) {
      cut = true; // The storage was full, for example.
    }
  }

  private void addRun(String line) throws JSONException {
    int end = RUN.length();
    while (end < line.length() && Character.isDigit(line.charAt(end))) end++;
    if (count == times.length) times = Arrays.copyOf(times, 2 * count);
    try {
      times[count++] = Long.parseLong(line.substring(RUN.length(), end));
    } catch (NumberFormatException error) {
      throw new JSONException(line);
    }
  }

  private void addEvent(JSONObject event) throws JSONException {
    switch (event.getString("event")) {
      case "app":
        found.putOpt(THERMAL_BEGIN, event.opt("thermal_status"));
        break;
      case "app_end":
        found.putOpt(THERMAL_END, event.opt("thermal_status"));
        break;
      case "init":
        found.put(INIT, event.getLong("ns"));
        break;
      case "first":
        found.put(FIRST, event.getLong("ns"));
        break;
      case "end":
        found.putOpt(PEAK_RSS, event.opt("peak_rss_bytes"));
        found.put(ACCELERATED, event.getBoolean("fully_accelerated"));
        break;
      case "error":
        if (!found.has(ERROR)) found.put(ERROR, event.getString("what"));
        break;
      default: // Warm-ups and operators: the report has them.
    }
  }

  private JSONObject conclude(String brokenOff) throws JSONException {
    if (found.has(ERROR)) return found;
    if (cut || count == 0 || !found.has(ACCELERATED)) return found.put(ERROR, brokenOff);
    long[] sorted = Arrays.copyOf(times, count);
    Arrays.sort(sorted);
    return found
        .put(RUNS, count)
        .put(MEDIAN, quantile(sorted, 0.5))
        .put(P90, quantile(sorted, 0.9))
        .put(FASTEST, sorted[0])
        .put(SLOWEST, sorted[count - 1]);
  }

  /** Returns a quantile, interpolated between neighbours as device_bench does on the host. */
  static long quantile(long[] sorted, double fraction) {
    double place = fraction * (sorted.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.length - 1);
    return Math.round(sorted[below] + (place - below) * (sorted[above] - sorted[below]));
  }
}
