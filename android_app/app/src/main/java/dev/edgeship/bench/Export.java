package dev.edgeship.bench;

import java.util.List;
import java.util.Locale;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** All runs as one JSON object, or as a table. */
final class Export {
  private static final String[] FIGURES = {
    Summary.RUNS,
    Summary.MEDIAN,
    Summary.P90,
    Summary.FASTEST,
    Summary.SLOWEST,
    Summary.INIT,
    Summary.FIRST,
    Summary.PEAK_RSS,
    Summary.ACCELERATED,
    Summary.THERMAL_BEGIN,
    Summary.THERMAL_END,
    Summary.ERROR
  };

  private Export() {}

  /**
   * Returns JSON.
   *
   * @param device what the runs were made on
   */
  static String json(List<PastRun> runs, JSONObject device) throws JSONException {
    JSONArray all = new JSONArray();
    for (PastRun run : runs) all.put(object(run));
    return new JSONObject().put("device", device).put("runs", all).toString(1) + "\n";
  }

  /** Returns a table in CSV (RFC 4180), with a header. */
  static String csv(List<PastRun> runs) throws JSONException {
    StringBuilder table = new StringBuilder("id,begun_ms,state,model,accelerator,threads");
    for (String figure : FIGURES) table.append(',').append(figure);
    for (PastRun run : runs) {
      JSONObject object = object(run);
      table.append("\r\n").append(run.id).append(',').append(run.begun);
      for (String name : new String[] {"state", "model", "accelerator", "threads"}) {
        table.append(',').append(cell(object.getString(name)));
      }
      for (String figure : FIGURES) {
        table.append(',');
        if (!object.isNull(figure)) table.append(cell(object.getString(figure)));
      }
    }
    return table.append("\r\n").toString();
  }

  private static JSONObject object(PastRun run) throws JSONException {
    JSONObject object =
        new JSONObject()
            .put("id", run.id)
            .put("begun_ms", run.begun)
            .put("state", run.state.name().toLowerCase(Locale.ROOT))
            .put("model", run.model)
            .put("accelerator", run.accelerator())
            .put("threads", run.threads());
    for (String figure : FIGURES) object.putOpt(figure, run.summary.opt(figure));
    return object;
  }

  /** Quotes a text, and keeps spreadsheets from reading it as a formula. */
  private static String cell(String text) {
    boolean isFormula = !text.isEmpty() && "=+-@\t\r".indexOf(text.charAt(0)) >= 0;
    String safe = isFormula ? "'" + text : text;
    return "\"" + safe.replace("\"", "\"\"") + "\"";
  }
}
