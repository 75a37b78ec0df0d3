package android.os;

/** Gives a looper something to do. */
public class Handler {
  private final Looper looper;

  public Handler() {
    this(Looper.myLooper());
  }

  public Handler(Looper looper) {
    if (looper == null) {
      throw new RuntimeException(
          "Can't create handler inside thread that has not called Looper.prepare()");
    }
    this.looper = looper;
  }

  public final Looper getLooper() {
    return looper;
  }

  public final boolean post(Runnable work) {
    looper.post(this, work, 0);
    return true;
  }

  public final boolean postDelayed(Runnable work, long milliseconds) {
    looper.post(this, work, milliseconds);
    return true;
  }

  public final void removeCallbacks(Runnable work) {
    looper.remove(this, work);
  }

  public final void removeCallbacksAndMessages(Object token) {
    if (token != null) throw new UnsupportedOperationException("messages with tokens");
    looper.remove(this, null);
  }
}
