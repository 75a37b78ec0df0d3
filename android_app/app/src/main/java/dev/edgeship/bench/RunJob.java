package dev.edgeship.bench;

import android.app.KeyguardManager;
import android.content.Context;
import android.os.Process;
import android.util.Log;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** One run, on a thread of its own: from the order to the last line of the report. */
final class RunJob implements Runnable {
  /** Is told, on the run's thread, how far it has come: the number of a text in R.string. */
  interface Told {
    void stage(int text);
  }

  private static final long FRONT_WITHIN_S = 10;

  // Windows open with an animation, which would take part in loading the network.
  private static final long SETTLE_MS = 300;

  private static final int CANNOT_REPORT = 2;

  private final Context context;
  private final RunFolder run;
  private final ReportFile report;
  private final String order;
  private final String name;
  private final boolean sustained;
  private final Told told;
  private final CountDownLatch front = new CountDownLatch(1);

  private boolean measuring;
  private String stopped;

  /**
   * Prepares a run.
   *
   * @param order path of the order file
   * @param name what people call the file to run; null for its name in the order
   * @param sustained whether the phone was put into sustained performance mode
   */
  RunJob(
      Context context, RunFolder run, String order, String name, boolean sustained, Told told) {
    this.context = context;
    this.run = run;
    this.order = order;
    this.name = name;
    this.sustained = sustained;
    this.told = told;
    report = new ReportFile(run.report());
  }

  /** Tells that the app's window has the user's attention. */
  void cameToFront() {
    front.countDown();
  }

  /** Tells that it lies behind something else. */
  void leftFront() {
    if (front.getCount() == 0) stop(R.string.run_lost_front);
  }

  /** Ends the run soon; the report says why. */
  synchronized void stop(int why) {
    String text = context.getString(why);
    if (measuring) Native.stop(text);
    else if (stopped == null) stopped = text;
  }

  @Override
  public void run() {
    try {
      try {
        measure();
      } catch (Refused refused) {
        report.error(refused.text(context.getResources()));
      } catch (IOException | InterruptedException | RuntimeException | LinkageError error) {
        Log.e("edgebench", "run " + run.id, error);
        report.error(context.getString(R.string.run_failed, error.toString()));
      }
      run.conclude(Summary.read(run.report(), context.getString(R.string.run_broken_off)));
    } catch (IOException | JSONException error) {
      // Nothing can be written, the storage being full for example: the report breaks off.
      Log.e("edgebench", "run " + run.id, error);
    }
  }

  private void measure() throws Refused, IOException, InterruptedException {
    if (order == null) throw new Refused(R.string.refused_no_order);
    Order read = Order.read(order, OpenFolders.of(context));
    describe(read);
    Native.load();
    told.stage(R.string.run_waiting);
    if (!front.await(FRONT_WITHIN_S, TimeUnit.SECONDS)) {
      throw new Refused(isLocked() ? R.string.run_locked : R.string.run_not_in_front);
    }
    Conditions conditions = new Conditions(context);
    report.app(conditions.before(sustained));
    if (!start()) return;
    told.stage(R.string.run_measuring);
    Thread.sleep(SETTLE_MS);
    Process.setThreadPriority(Process.THREAD_PRIORITY_DEFAULT);
    int code = Native.run(words(read), run.report().getPath());
    end();
    if (code == CANNOT_REPORT) throw new Refused(R.string.run_cannot_report);
    report.appEnd(conditions.after());
  }

  private synchronized boolean start() throws IOException {
    if (stopped != null) report.error(stopped);
    measuring = stopped == null;
    return measuring;
  }

  private synchronized void end() {
    measuring = false;
  }

  private String[] words(Order read) {
    List<String> words = new ArrayList<>(read.words);
    words.add("--outputs");
    words.add(run.outputs().getPath());
    return words.toArray(new String[0]);
  }

  private void describe(Order read) throws IOException {
    try {
      run.describe(
          new JSONObject()
              .put(RunFolder.MODEL, name == null ? Names.shown(read.model.getName()) : name)
              .put(RunFolder.WORDS, new JSONArray(read.words)));
    } catch (JSONException error) {
      throw new AssertionError(error); // Texts are never refused.
    }
  }

  private boolean isLocked() {
    KeyguardManager keyguard =
        (KeyguardManager) context.getSystemService(Context.KEYGUARD_SERVICE);
    return keyguard != null && keyguard.isKeyguardLocked();
  }
}
