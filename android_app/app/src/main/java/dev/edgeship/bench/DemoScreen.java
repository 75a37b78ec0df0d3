package dev.edgeship.bench;

import android.app.Activity;
import android.graphics.Bitmap;
import android.view.View;
import android.widget.Button;
import android.widget.ImageView;
import android.widget.TextView;

/** What the demo shows; it asks for nothing but presses. */
final class DemoScreen {
  /** What the user presses. */
  interface Pressed {
    void folder();

    void zip();

    void picture();

    void camera();

    void file(int number);
  }

  private final Activity activity;
  private final Pressed pressed;
  private final Column files;
  private final Column inputs;
  private final Button camera;
  private final TextView message;
  private final Column answer;
  private final ImageView seen;
  private final TextView[] lines = new TextView[Answer.SHOWN];
  private final TextView kind;
  private final TextView times;

  DemoScreen(Activity activity, Pressed pressed) {
    this.activity = activity;
    this.pressed = pressed;
    Page page = new Page(activity, R.string.demo_title);
    Column bundle = page.column.card();
    files = bundle.part();
    bundle.button(R.string.demo_folder, pressed::folder);
    bundle.button(R.string.demo_zip, pressed::zip);
    inputs = page.column.part();
    inputs.mainButton(R.string.demo_picture, pressed::picture);
    camera = inputs.mainButton(R.string.demo_camera, pressed::camera);
    message = page.column.text("");
    message.setAccessibilityLiveRegion(View.ACCESSIBILITY_LIVE_REGION_POLITE);
    answer = page.column.card();
    seen = new ImageView(activity);
    seen.setContentDescription(activity.getText(R.string.demo_seen));
    answer.add(seen, activity.getResources().getDimensionPixelSize(R.dimen.picture));
    for (int i = 0; i < lines.length; i++) lines[i] = answer.text("");
    kind = answer.note("");
    times = answer.note("");
    page.show();
    showAnswer(null);
    say("");
  }

  /** Shows which bundle and which of its files is open. */
  void showBundle(Demo demo) {
    DemoFolder bundle = demo.bundle();
    files.clear();
    inputs.view().setVisibility(demo.artifact() == null ? View.GONE : View.VISIBLE);
    if (bundle == null) {
      files.text(R.string.demo_no_bundle);
      return;
    }
    files.heading(bundle.manifest.model);
    String[] names = new String[bundle.artifacts.size()];
    for (int i = 0; i < names.length; i++) names[i] = Names.shown(bundle.artifacts.get(i).file);
    files.list(names, bundle.artifacts.indexOf(demo.artifact()), pressed::file);
    if (bundle.labels.isEmpty()) files.note(activity.getText(R.string.demo_no_labels));
  }

  /** Shows whether the camera is on. */
  void showCamera(boolean on) {
    camera.setText(on ? R.string.demo_camera_off : R.string.demo_camera);
  }

  /** Shows an answer, or none. */
  void showAnswer(Answer given) {
    answer.view().setVisibility(given == null ? View.GONE : View.VISIBLE);
    if (given == null) return;
    seen.setImageBitmap(bitmap(given.seen));
    for (int i = 0; i < lines.length; i++) {
      boolean there = i < given.classes.length;
      lines[i].setVisibility(there ? View.VISIBLE : View.GONE);
      if (there) lines[i].setText(line(given, i));
    }
    int[] kinds = {R.string.demo_probabilities, R.string.demo_softmax, R.string.demo_scores};
    kind.setText(kinds[given.kind.ordinal()]);
    times.setText(
        activity.getString(
            R.string.demo_times,
            Numbers.milliseconds(given.prepared),
            Numbers.milliseconds(given.inferred)));
  }

  private String line(Answer given, int place) {
    String label = given.label(place);
    String name =
        label == null ? activity.getString(R.string.demo_class, given.classes[place]) : label;
    return activity.getString(R.string.demo_line, Numbers.places(given.values[place], 3), name);
  }

  /** Shows a sentence; an empty one takes no room. */
  void say(String text) {
    message.setText(text);
    message.setVisibility(text.isEmpty() ? View.GONE : View.VISIBLE);
  }

  private static Bitmap bitmap(Answer.Seen given) {
    int channels = given.pixels.length / (given.height * given.width);
    int[] argb = new int[given.height * given.width];
    for (int i = 0; i < argb.length; i++) {
      int red = given.pixels[i * channels] & 0xff;
      int green = given.pixels[i * channels + (channels - 1) / 2] & 0xff;
      int blue = given.pixels[i * channels + channels - 1] & 0xff;
      argb[i] = 0xff000000 | red << 16 | green << 8 | blue;
    }
    return Bitmap.createBitmap(argb, given.width, given.height, Bitmap.Config.ARGB_8888);
  }
}
