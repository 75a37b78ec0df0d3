package dev.edgeship.bench;

import java.io.File;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.json.JSONArray;
import org.json.JSONObject;

/**
 * Does what a test asks of the app's classes that need no phone: a JSON list in, one out.
 *
 * <p>Nested classes have a dollar in their names, and lists no types of elements: what was
 * made of dex does not say more.
 */
public final class Plain {
  private interface Work {
    JSONObject of(JSONObject job) throws Exception;
  }

  public static void main(String[] words) throws Exception {
    JSONArray jobs = new JSONArray(new String(System.in.readAllBytes(), StandardCharsets.UTF_8));
    JSONArray results = new JSONArray();
    for (int i = 0; i < jobs.length(); i++) results.put(done(jobs.getJSONObject(i)));
    System.out.println(results);
  }

  private static JSONObject done(JSONObject job) throws Exception {
    try {
      return work(job.getString("do")).of(job);
    } catch (Refused refused) {
      JSONArray words = new JSONArray();
      for (Object word : refused.words) words.put(word);
      return new JSONObject().put("refused", name(refused.sentence)).put("words", words);
    }
  }

  private static Work work(String name) {
    switch (name) {
      case "preprocess":
        return Plain::preprocess;
      case "upright":
        return Plain::upright;
      case "frame":
        return Plain::frame;
      case "bundle":
        return Plain::bundle;
      case "classify":
        return Plain::classify;
      case "demo":
        return Plain::demo;
      case "order":
        return Plain::order;
      case "summary":
        return job -> Summary.read(new File(job.getString("report")), "broken off");
      case "export":
        return Plain::export;
      case "begin":
        return Plain::begin;
      case "name":
        return job -> new JSONObject().put("shown", Names.shown(job.getString("name")));
      default:
        throw new IllegalArgumentException(name);
    }
  }

  private static JSONObject preprocess(JSONObject job) throws Exception {
    Preprocess preprocess = Preprocess.read(job.getJSONObject("preprocess"));
    byte[] pixels = preprocess.pixels(picture(job), job.getInt("rows"), job.getInt("columns"));
    float[] numbers = preprocess.numbers(pixels);
    ByteBuffer bytes = ByteBuffer.allocate(4 * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(numbers);
    write(job, bytes.array());
    return new JSONObject();
  }

  private static JSONObject upright(JSONObject job) throws Exception {
    Rows turned = new Upright(sideways(picture(job)), job.getInt("orientation"));
    write(job, bytes(turned));
    return new JSONObject().put("width", turned.width()).put("height", turned.height());
  }

  private static JSONObject frame(JSONObject job) throws Exception {
    Frame$Plane[] planes = new Frame$Plane[3];
    for (int i = 0; i < planes.length; i++) {
      JSONObject plane = job.getJSONArray("planes").getJSONObject(i);
      ByteBuffer data = ByteBuffer.wrap(read(plane.getString("file")));
      planes[i] = new Frame$Plane(data, plane.getInt("row"), plane.getInt("pixel"));
    }
    Frame frame =
        new Frame(job.getInt("width"), job.getInt("height"), planes[0], planes[1], planes[2]);
    write(job, bytes(new Upright(frame, job.getInt("orientation"))));
    return new JSONObject();
  }

  private static JSONObject bundle(JSONObject job) throws Exception {
    File from = new File(job.getString("from"));
    DemoSource source = from.isDirectory() ? new FolderSource(from) : ZipSource.open(from);
    DemoFolder copy = DemoFolder.copy(source, new File(job.getString("to")));
    source.close();
    JSONArray files = new JSONArray();
    for (Object artifact : copy.artifacts) files.put(((Manifest$Artifact) artifact).file);
    return new JSONObject()
        .put("model", copy.manifest.model)
        .put("files", files)
        .put("labels", new JSONArray(copy.labels));
  }

  /** Feeds pictures, one after the other, to a network that gives what the test says. */
  private static JSONObject classify(JSONObject job) throws Exception {
    JSONArray given = job.getJSONArray("outputs");
    DemoFolder bundle = DemoFolder.open(new File(job.getString("bundle")));
    List<byte[]> fed = new ArrayList<>();
    Classifier$Network network =
        (input, output) -> {
          fed.add(bytes(input));
          for (int i = 0; i < given.length(); i++) {
            if (output.capacity() == given.length()) output.put(i, (byte) given.optInt(i));
            else output.putFloat(4 * i, (float) given.optDouble(i));
          }
          return 7;
        };
    Manifest$Artifact artifact = (Manifest$Artifact) (Object) bundle.artifacts.get(0);
    Classifier classifier = new Classifier(bundle.manifest, artifact, bundle.labels, network);
    Answer answer = null;
    for (int i = 0; i < job.getJSONArray("pictures").length(); i++) {
      answer = classifier.classify(picture(job.getJSONArray("pictures").getJSONObject(i)));
    }
    write(job, fed.get(fed.size() - 1));
    JSONArray lines = new JSONArray();
    for (int i = 0; i < answer.classes.length; i++) {
      lines.put(
          new JSONObject()
              .put("class", answer.classes[i])
              .put("value", answer.values[i])
              .put("label", answer.label(i) == null ? JSONObject.NULL : answer.label(i)));
    }
    return new JSONObject().put("kind", answer.kind.name()).put("top", lines);
  }

  /** Classifies pictures with LiteRT: of each, the class with the largest number, and that. */
  private static JSONObject demo(JSONObject job) throws Exception {
    DemoFolder bundle = DemoFolder.open(new File(job.getString("bundle")));
    Manifest$Artifact artifact =
        (Manifest$Artifact) (Object) bundle.artifacts.get(job.getInt("file"));
    JSONArray classes = new JSONArray();
    JSONArray values = new JSONArray();
    LiteRtNetwork network = LiteRtNetwork.open(bundle.file(artifact), artifact, 1, "cpu");
    Classifier classifier = new Classifier(bundle.manifest, artifact, bundle.labels, network);
    for (int i = 0; i < job.getJSONArray("pictures").length(); i++) {
      Answer answer = classifier.classify(picture(job.getJSONArray("pictures").getJSONObject(i)));
      classes.put(answer.classes[0]);
      values.put(answer.values[0]);
    }
    network.close();
    return new JSONObject().put("classes", classes).put("values", values);
  }

  private static JSONObject order(JSONObject job) throws Exception {
    List<File> folders = new ArrayList<>();
    JSONArray named = job.getJSONArray("folders");
    for (int i = 0; i < named.length(); i++) folders.add(new File(named.getString(i)));
    return new JSONObject()
        .put("words", new JSONArray(Order.read(job.getString("path"), folders).words));
  }

  /** Begins and ends a run, as RunActivity does. */
  private static JSONObject begin(JSONObject job) throws Exception {
    Runs runs = new Runs(new File(job.getString("files")));
    Runs$Begun begun = runs.begin(job.getString("id"));
    runs.prune(job.getString("id"));
    String state = begun.run.state().name();
    begun.end();
    return new JSONObject().put("while", state).put("after", begun.run.state().name());
  }

  private static JSONObject export(JSONObject job) throws Exception {
    List<PastRun> runs = PastRun.readAll(new Runs(new File(job.getString("files"))));
    return new JSONObject()
        .put("json", new JSONObject(Export.json(runs, new JSONObject().put("model", "test"))))
        .put("csv", Export.csv(runs));
  }

  private static Rows picture(JSONObject job) throws Exception {
    byte[] pixels = read(job.getString("picture"));
    int width = job.getInt("width");
    int height = job.getInt("height");
    return new Rows() {
      @Override
      public int width() {
        return width;
      }

      @Override
      public int height() {
        return height;
      }

      @Override
      public void read(int y, byte[] rgb) {
        System.arraycopy(pixels, 3 * width * y, rgb, 0, 3 * width);
      }
    };
  }

  /** A picture as a decoder gives it. */
  private static Lines sideways(Rows rows) {
    byte[] pixels = bytes(rows);
    return new Lines() {
      @Override
      public int width() {
        return rows.width();
      }

      @Override
      public int height() {
        return rows.height();
      }

      @Override
      public void row(int y, int[] argb) {
        for (int x = 0; x < width(); x++) argb[x] = pixel(x, y);
      }

      @Override
      public void column(int x, int[] argb) {
        for (int y = 0; y < height(); y++) argb[y] = pixel(x, y);
      }

      private int pixel(int x, int y) {
        int at = 3 * (y * width() + x);
        return (pixels[at] & 0xff) << 16 | (pixels[at + 1] & 0xff) << 8 | pixels[at + 2] & 0xff;
      }
    };
  }

  private static byte[] bytes(Rows rows) {
    int length = 3 * rows.width();
    byte[] all = new byte[length * rows.height()];
    byte[] row = new byte[length];
    for (int y = 0; y < rows.height(); y++) {
      rows.read(y, row);
      System.arraycopy(row, 0, all, y * length, length);
    }
    return all;
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] all = new byte[buffer.capacity()];
    ByteBuffer whole = buffer.duplicate();
    whole.clear();
    whole.get(all);
    return all;
  }

  /** Returns the name of a sentence: whoever sees its text sees it on a phone. */
  private static String name(int sentence) throws IllegalAccessException {
    for (Field field : R$string.class.getFields()) {
      if (field.getInt(null) == sentence) return field.getName();
    }
    throw new AssertionError("no sentence has the number " + sentence);
  }

  private static byte[] read(String file) throws Exception {
    return Files.readAllBytes(new File(file).toPath());
  }

  private static void write(JSONObject job, byte[] bytes) throws Exception {
    Files.write(new File(job.getString("to")).toPath(), bytes);
  }
}
