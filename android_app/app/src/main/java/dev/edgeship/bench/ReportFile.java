package dev.edgeship.bench;

import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.json.JSONException;
import org.json.JSONObject;

/** The app's own lines in a report; the runner's come from the C code. */
final class ReportFile {
  private final File file;

  ReportFile(File file) {
    this.file = file;
  }

  /** Says under which conditions the run begins. */
  void app(JSONObject conditions) throws IOException {
    append("app", conditions);
  }

  /** Says what became of the conditions. */
  void appEnd(JSONObject conditions) throws IOException {
    append("app_end", conditions);
  }

  /** Says why there is no result. */
  void error(String what) throws IOException {
    try {
      append("error", new JSONObject().put("what", what));
    } catch (JSONException error) {
      throw new AssertionError(error); // Only numbers that are not finite are refused.
    }
  }

  private void append(String event, JSONObject fields) throws IOException {
    String body = fields.toString();
    String line = "{\"event\":\"" + event + "\"," + body.substring(1) + "\n";
    try (FileOutputStream stream = new FileOutputStream(file, true)) {
      stream.write(line.getBytes(StandardCharsets.UTF_8));
    }
  }
}
