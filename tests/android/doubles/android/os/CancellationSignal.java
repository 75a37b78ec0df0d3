package android.os;

/** Asks to stop. Nobody asks here. */
public final class CancellationSignal {
  public boolean isCanceled() {
    return false;
  }
}
