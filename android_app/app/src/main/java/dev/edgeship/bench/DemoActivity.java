package dev.edgeship.bench;

import android.Manifest.permission;
import android.app.Activity;
import android.content.ActivityNotFoundException;
import android.content.Intent;
import android.content.pm.PackageManager;
import android.net.Uri;
import android.os.Bundle;
import android.view.WindowManager;
import java.io.IOException;

/**
 * Classifies a picture, or what the camera sees, with a network that edgeship exported.
 *
 * <p>It has a process of its own, as LiteRT trusts the files that it opens. The manifest lets only
 * adb and this app start it.
 */
public final class DemoActivity extends Activity implements DemoScreen.Pressed, Camera.Told {
  /** Extra: path of a bundle that adb has pushed, a folder or a zip; optional. */
  static final String BUNDLE = "bundle";

  /** Extra: path of a picture that adb has pushed; optional. */
  static final String PICTURE = "picture";

  /** Extra: cpu, gpu or npu; optional. */
  static final String ACCELERATOR = "accelerator";

  /** Extra: how many threads of the processor run the network; optional. */
  static final String THREADS = "threads";

  private static final int MOST_THREADS = 64;
  private static final int PICK_FOLDER = 1;
  private static final int PICK_ZIP = 2;
  private static final int PICK_PICTURE = 3;
  private static final int ASK_CAMERA = 4;

  private Background background;
  private Demo demo;
  private DemoScreen screen;
  private Camera camera;
  private volatile boolean firstFrame;

  @Override
  protected void onCreate(Bundle state) {
    super.onCreate(state);
    background = new Background(this);
    demo = new Demo(this);
    screen = new DemoScreen(this, this);
    screen.showBundle(demo);
    // What is made anew after a turn of the phone goes on with what was open.
    begin(getIntent(), state == null);
  }

  @Override
  protected void onNewIntent(Intent intent) {
    setIntent(intent);
    begin(intent, true);
  }

  @Override
  protected void onPause() {
    closeCamera();
    super.onPause();
  }

  @Override
  protected void onDestroy() {
    background.close(demo::close);
    super.onDestroy();
  }

  private void begin(Intent intent, boolean fresh) {
    String accelerator = intent.getStringExtra(ACCELERATOR);
    int threads = Math.max(1, Math.min(intent.getIntExtra(THREADS, 4), MOST_THREADS));
    String bundle = fresh ? intent.getStringExtra(BUNDLE) : null;
    String picture = fresh ? intent.getStringExtra(PICTURE) : null;
    demo.runOn(accelerator == null ? "cpu" : accelerator, threads);
    if (bundle == null) open(demo::reopen);
    else open(() -> demo.takePath(bundle));
    if (picture == null) return;
    background.run(() -> demo.classifyPath(picture), screen::showAnswer, screen::say);
  }

  /** What opens a bundle or one of its files. */
  private interface Opening {
    void run() throws Refused, IOException;
  }

  private void open(Opening opening) {
    closeCamera();
    screen.showAnswer(null);
    screen.say(getString(R.string.demo_opening));
    background.run(
        () -> {
          opening.run();
          return true;
        },
        done -> {
          screen.say("");
          screen.showBundle(demo);
        },
        text -> {
          screen.say(text);
          screen.showBundle(demo);
        });
  }

  @Override
  public void folder() {
    ask(new Intent(Intent.ACTION_OPEN_DOCUMENT_TREE), PICK_FOLDER);
  }

  @Override
  public void zip() {
    ask(document("application/zip"), PICK_ZIP);
  }

  @Override
  public void picture() {
    closeCamera();
    ask(document("image/*"), PICK_PICTURE);
  }

  @Override
  public void file(int number) {
    open(() -> demo.use(number));
  }

  private static Intent document(String type) {
    return new Intent(Intent.ACTION_OPEN_DOCUMENT)
        .addCategory(Intent.CATEGORY_OPENABLE)
        .setType(type);
  }

  private void ask(Intent picker, int request) {
    try {
      startActivityForResult(picker, request);
    } catch (ActivityNotFoundException error) {
      screen.say(getString(R.string.no_picker));
    }
  }

  @Override
  protected void onActivityResult(int request, int code, Intent data) {
    if (code != RESULT_OK || data == null) return;
    Uri uri = data.getData();
    if (request == PICK_FOLDER) open(() -> demo.takeTree(uri));
    if (request == PICK_ZIP) open(() -> demo.takeZip(Incoming.at(this, uri)));
    if (request == PICK_PICTURE) {
      screen.say("");
      background.run(
          () -> demo.classify(Incoming.at(this, uri)), screen::showAnswer, screen::say);
    }
  }

  @Override
  public void camera() {
    if (camera != null) {
      closeCamera();
    } else if (checkSelfPermission(permission.CAMERA) == PackageManager.PERMISSION_GRANTED) {
      openCamera();
    } else {
      requestPermissions(new String[] {permission.CAMERA}, ASK_CAMERA);
    }
  }

  @Override
  public void onRequestPermissionsResult(int request, String[] names, int[] granted) {
    if (granted.length == 0) return; // The question was interrupted.
    if (granted[0] == PackageManager.PERMISSION_GRANTED) openCamera();
    else screen.say(getString(R.string.camera_denied));
  }

  private void openCamera() {
    screen.say("");
    firstFrame = true;
    getWindow().addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON);
    camera = new Camera(this, this);
    screen.showCamera(true);
    camera.open();
  }

  private void closeCamera() {
    if (camera == null) return;
    getWindow().clearFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON);
    camera.close();
    camera = null;
    screen.showCamera(false);
  }

  @Override
  public void frame(Rows frame) {
    try {
      if (firstFrame) demo.forget();
      firstFrame = false;
      Answer answer = demo.classify(frame);
      runOnUiThread(
          () -> {
            if (camera != null) screen.showAnswer(answer);
          });
    } catch (Refused refused) {
      stopped(refused.text(getResources()));
    }
  }

  @Override
  public void failed(int why) {
    stopped(getString(why));
  }

  private void stopped(String text) {
    runOnUiThread(
        () -> {
          closeCamera();
          if (!isDestroyed()) screen.say(text);
        });
  }
}
