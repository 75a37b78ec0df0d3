package dev.edgeship.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** What manifest.json says that the demo needs; `python -m export` writes it beside the files. */
final class Manifest {
  /** One .tflite file that takes one picture, or one clip, and gives one list of numbers. */
  static final class Artifact {
    /** Its name, in the folder of the manifest. */
    final String file;

    final Port input;
    final Port output;

    private Artifact(JSONObject entry) throws Refused, JSONException {
      file = entry.getString("file");
      if (!isPlain(file)) throw new Refused(R.string.refused_artifact, Names.shown(file));
      input = Port.read(one(entry.getJSONArray("inputs")));
      output = Port.read(one(entry.getJSONArray("outputs")));
    }

    private static JSONObject one(JSONArray ports) throws Refused, JSONException {
      if (ports.length() != 1) throw new Refused(R.string.refused_ports);
      return ports.getJSONObject(0);
    }

    private static boolean isPlain(String name) {
      return name.endsWith(".tflite") && name.indexOf('/') < 0 && name.indexOf('\0') < 0;
    }
  }

  /** Name of the network. */
  final String model;

  final Preprocess preprocess;

  /** The .tflite files that the demo can show, in the order of the manifest. */
  final List<Artifact> artifacts;

  /** Whether a labels.txt beside it can be another network's, and is not named as this one's. */
  final boolean foreignLabels;

  private Manifest(JSONObject entry, boolean alone) throws Refused, JSONException {
    if (entry.isNull("preprocess")) throw new Refused(R.string.refused_no_pictures);
    model = Names.shown(entry.getJSONObject("model").optString("name"));
    preprocess = Preprocess.read(entry.getJSONObject("preprocess"));
    artifacts = Collections.unmodifiableList(artifacts(entry.getJSONArray("artifacts")));
    foreignLabels = !alone && !namesLabels(entry.optJSONArray("labels"));
  }

  /**
   * Reads a manifest: what it says of the newest export with a file that the demo can show.
   *
   * @throws Refused if it is none, or names nothing that the demo can show
   */
  static Manifest read(String text) throws Refused {
    try {
      JSONObject whole = parse(text);
      JSONArray earlier = whole.optJSONArray("earlier");
      int others = earlier == null ? 0 : earlier.length();
      Refused newest;
      try {
        return new Manifest(whole, others == 0);
      } catch (Refused refused) {
        newest = refused; // An export of another network before it may do.
      }
      for (int i = 0; i < others; i++) {
        try {
          return new Manifest(earlier.getJSONObject(i), false);
        } catch (Refused refused) {
          continue; // Why the newest does not do is what is said.
        }
      }
      throw newest;
    } catch (JSONException error) {
      throw new Refused(R.string.refused_manifest, Names.shown(String.valueOf(error.getMessage())));
    }
  }

  private static JSONObject parse(String text) throws Refused, JSONException {
    try {
      return new JSONObject(text);
    } catch (StackOverflowError error) {
      // The parser calls itself for each bracket, and takes more than JSON has: to count them
      // beforehand would mean to parse.
      throw new Refused(R.string.refused_deep);
    }
  }

  private static boolean namesLabels(JSONArray files) throws JSONException {
    for (int i = 0; files != null && i < files.length(); i++) {
      if (files.getJSONObject(i).optString("file").equals(DemoFolder.LABELS)) return true;
    }
    return false;
  }

  private static List<Artifact> artifacts(JSONArray entries) throws Refused, JSONException {
    List<Artifact> artifacts = new ArrayList<>();
    Refused first = new Refused(R.string.refused_no_artifact);
    for (int i = entries.length() - 1; i >= 0; i--) {
      JSONObject entry = entries.getJSONObject(i);
      if (!entry.optString("target", "tflite").equals("tflite")) continue;
      try {
        artifacts.add(0, new Artifact(entry));
      } catch (Refused refused) {
        first = refused; // The others may do; if none does, this is why.
      }
    }
    if (artifacts.isEmpty()) throw first;
    return artifacts;
  }
}
