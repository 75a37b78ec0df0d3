package android.os;

/** A thread with a looper. */
public class HandlerThread extends Thread {
  private Looper looper;

  public HandlerThread(String name) {
    super(name);
  }

  @Override
  public void run() {
    Looper.prepare();
    synchronized (this) {
      looper = Looper.myLooper();
      notifyAll();
    }
    Looper.loop();
  }

  public Looper getLooper() {
    synchronized (this) {
      while (isAlive() && looper == null) {
        try {
          wait();
        } catch (InterruptedException error) {
          Thread.currentThread().interrupt();
          return null;
        }
      }
      return looper;
    }
  }

  public boolean quitSafely() {
    Looper own = getLooper();
    if (own == null) return false;
    own.quitSafely();
    return true;
  }
}
