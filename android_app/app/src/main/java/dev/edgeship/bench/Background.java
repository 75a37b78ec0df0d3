package dev.edgeship.bench;

import android.app.Activity;
import android.util.Log;
import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.json.JSONException;

/** A screen's work that must not hold up its touches: one job after the other. */
final class Background {
  /** What is done away from the screen. */
  interface Job<T> {
    T run() throws Refused, IOException, JSONException, InterruptedException;
  }

  /** What the screen does with a result, or with a sentence about a failure. */
  interface Told<T> {
    void with(T result);
  }

  private final Activity activity;
  private final ExecutorService thread = Executors.newSingleThreadExecutor();

  Background(Activity activity) {
    this.activity = activity;
  }

  /** Does a job, and tells the screen what came of it if the screen is still there. */
  <T> void run(Job<T> job, Told<T> done, Told<String> failed) {
    thread.execute(
        () -> {
          try {
            T result = job.run();
            tell(done, result);
          } catch (Refused refused) {
            tell(failed, refused.text(activity.getResources()));
          } catch (InterruptedException error) {
            // The screen is gone, and with it whoever waits for this.
          } catch (IOException | JSONException | RuntimeException error) {
            // Other apps' providers throw what they like.
            Log.w("edgebench", error);
            String why = error.getMessage() == null ? error.toString() : error.getMessage();
            tell(failed, activity.getString(R.string.failed, Names.shown(why)));
          }
        });
  }

  /** Ends what goes on. */
  void close() {
    thread.shutdownNow();
  }

  /** Ends what goes on, and does a last thing when it has ended. */
  void close(Runnable last) {
    close();
    new Thread(
            () -> {
              try {
                thread.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
              } catch (InterruptedException error) {
                throw new AssertionError(error); // Nobody knows this thread.
              }
              last.run();
            })
        .start();
  }

  private <T> void tell(Told<T> told, T result) {
    activity.runOnUiThread(
        () -> {
          if (!activity.isDestroyed()) told.with(result);
        });
  }
}
