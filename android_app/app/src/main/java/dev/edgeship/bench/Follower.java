package dev.edgeship.bench;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Copies a run's report while it grows, until the run has ended or its process has died. */
final class Follower {
  // Seldom enough to leave the measurement alone.
  private static final long EVERY_MS = 200;

  private Follower() {}

  /**
   * Waits until a run has begun.
   *
   * @return the run, or null if it has not begun in time
   */
  static RunFolder await(Runs runs, String id, long milliseconds) throws InterruptedException {
    long start = System.nanoTime();
    RunFolder run = runs.find(id);
    while (run == null && System.nanoTime() - start < milliseconds * 1_000_000) {
      Thread.sleep(EVERY_MS);
      run = runs.find(id);
    }
    return run;
  }

  /** Waits until a run has ended. */
  static void awaitEnd(RunFolder run) throws IOException, InterruptedException {
    while (!RunLock.isFree(run.lock())) Thread.sleep(EVERY_MS);
  }

  /** Copies the whole report, and returns when no more can come. */
  static void copy(RunFolder run, OutputStream out) throws IOException, InterruptedException {
    byte[] buffer = new byte[1 << 16];
    try (InputStream report = new FileInputStream(run.report())) {
      while (true) {
        // Asked before reading, so that what was written just before the end is read.
        boolean ended = RunLock.isFree(run.lock());
        for (int got = report.read(buffer); got > 0; got = report.read(buffer)) {
          out.write(buffer, 0, got);
        }
        out.flush();
        if (ended) return;
        Thread.sleep(EVERY_MS);
      }
    }
  }
}
