package android.os;

/** Clocks that nobody sets. */
public final class SystemClock {
  private SystemClock() {}

  public static long elapsedRealtime() {
    return System.nanoTime() / 1_000_000;
  }

  public static long elapsedRealtimeNanos() {
    return System.nanoTime();
  }

  public static long uptimeMillis() {
    return System.nanoTime() / 1_000_000;
  }
}
