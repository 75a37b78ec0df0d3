package dev.edgeship.bench;

import android.content.Context;
import android.os.Build;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.json.JSONException;
import org.json.JSONObject;

/** The history of runs as a file that other apps are given. */
final class SharedFile {
  static final String JSON = "all.json";
  static final String CSV = "all.csv";

  private SharedFile() {}

  /** Returns a file's MIME type, or null if there is no such file. */
  static String type(String file) {
    switch (file) {
      case JSON:
        return "application/json";
      case CSV:
        return "text/csv";
      default:
        return null;
    }
  }

  /** Returns what it is called where it is saved. */
  static String name(String file) {
    return file.replace("all", "edgeship-runs");
  }

  /** Writes the file as the runs are now, in the cache. */
  static synchronized File write(Context context, String file) throws IOException, JSONException {
    List<PastRun> runs = PastRun.readAll(new Runs(context.getFilesDir()));
    String text = file.equals(JSON) ? Export.json(runs, device()) : Export.csv(runs);
    File target = new File(context.getCacheDir(), "shared/" + file);
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    try {
      Copying.copy(new ByteArrayInputStream(bytes), target, bytes.length, file);
    } catch (Refused refused) {
      throw new AssertionError(refused); // It is not larger than it is.
    }
    return target;
  }

  private static JSONObject device() throws JSONException {
    return new JSONObject()
        .put("manufacturer", Build.MANUFACTURER)
        .put("model", Build.MODEL)
        .put("android", Build.VERSION.RELEASE)
        .put("sdk", Build.VERSION.SDK_INT)
        .put("abi", Conditions.abi());
  }
}
