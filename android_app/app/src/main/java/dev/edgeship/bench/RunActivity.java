package dev.edgeship.bench;

import android.app.Activity;
import android.content.Intent;
import android.os.Bundle;
import android.os.Handler;
import android.os.Looper;
import android.os.PowerManager;
import android.os.Process;
import android.util.Log;
import android.view.WindowManager;
import android.widget.TextView;
import java.io.IOException;
import org.json.JSONException;

/**
 * Runs one file in a process of its own, in front and with the screen on, and then goes away.
 *
 * <p>Nothing on the screen changes while it measures, as drawing would take part in what is
 * measured. The manifest lets only adb and this app start it.
 */
public final class RunActivity extends Activity {
  /** Extra: the run's ID. */
  static final String RUN = "run";

  /** Extra: the path of the order file. */
  static final String ORDER = "order";

  /** Extra: what people call the file to run; optional. */
  static final String NAME = "name";

  private static final long LEFT_AFTER_MS = 500;

  private final Handler later = new Handler(Looper.getMainLooper());
  private final Runnable leftFront = this::leftFront;
  private TextView stage;
  private RunJob job;
  private boolean stopping;

  @Override
  @SuppressWarnings("deprecation") // The manifest's attributes for this came with API 27.
  protected void onCreate(Bundle state) {
    super.onCreate(state);
    getWindow()
        .addFlags(
            WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON
                | WindowManager.LayoutParams.FLAG_SHOW_WHEN_LOCKED
                | WindowManager.LayoutParams.FLAG_TURN_SCREEN_ON);
    Page page = new Page(this, R.string.run_title);
    String name = getIntent().getStringExtra(NAME);
    if (name != null) page.column.text(Names.shown(name));
    stage = page.column.text(R.string.run_waiting);
    page.column.note(getText(R.string.run_stay));
    page.column.mainButton(R.string.run_stop, this::stop);
    page.show();
    begin(getIntent());
  }

  @Override
  protected void onNewIntent(Intent intent) {
    begin(intent);
  }

  @Override
  public void onWindowFocusChanged(boolean focused) {
    super.onWindowFocusChanged(focused);
    if (focused && job != null) job.cameToFront();
  }

  @Override
  protected void onPause() {
    super.onPause();
    // Android also pauses it for a moment when an intent comes in.
    later.postDelayed(leftFront, LEFT_AFTER_MS);
  }

  @Override
  protected void onResume() {
    super.onResume();
    later.removeCallbacks(leftFront);
  }

  private void leftFront() {
    if (job != null) job.leftFront();
  }

  @Override
  public void onBackPressed() {
    stop();
  }

  private void stop() {
    if (stopping) {
      leave(); // LiteRT may hang, and nothing but the end of its process ends that.
      return;
    }
    stopping = true;
    stage.setText(R.string.run_stopping);
    if (job != null) job.stop(R.string.run_stopped);
  }

  private void begin(Intent intent) {
    String id = intent.getStringExtra(RUN);
    try {
      if (!Runs.isId(id)) throw new Refused(R.string.refused_id);
      Runs runs = new Runs(getFilesDir());
      Runs.Begun begun = runs.begin(id);
      if (job != null) {
        refuse(begun);
        return;
      }
      prune(runs, id);
      start(begun, intent);
    } catch (Refused refused) {
      Log.w("edgebench", refused.text(getResources()));
      if (job == null) leave();
    } catch (IOException | JSONException error) {
      Log.e("edgebench", "run " + id, error);
      if (job == null) leave();
    }
  }

  private static void prune(Runs runs, String id) {
    try {
      runs.prune(id);
    } catch (IOException error) {
      Log.w("edgebench", error); // Old runs that stay are no reason not to measure.
    }
  }

  private void refuse(Runs.Begun begun) throws IOException, JSONException {
    new ReportFile(begun.run.report()).error(getString(R.string.run_another));
    begun.run.conclude(Summary.read(begun.run.report(), getString(R.string.run_broken_off)));
    begun.end();
  }

  private void start(Runs.Begun begun, Intent intent) {
    PowerManager power = (PowerManager) getSystemService(POWER_SERVICE);
    boolean sustained = NewerAndroid.sustainPerformance(power, getWindow());
    String name = intent.getStringExtra(NAME);
    if (name != null) name = Names.shown(name);
    String order = intent.getStringExtra(ORDER);
    job = new RunJob(this, begun.run, order, name, sustained, this::showStage);
    if (hasWindowFocus()) job.cameToFront();
    new Thread(
            () -> {
              job.run();
              runOnUiThread(this::leave);
            },
            "run " + begun.run.id)
        .start();
  }

  private void showStage(int text) {
    runOnUiThread(() -> stage.setText(text));
  }

  /** Ends the process too: it takes the lock away, and the next run gets a fresh one. */
  private void leave() {
    finishAndRemoveTask();
    Process.killProcess(Process.myPid());
  }
}
