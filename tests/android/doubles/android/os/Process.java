package android.os;

/** This process. */
public class Process {
  public static final int THREAD_PRIORITY_DEFAULT = 0;
  public static final int THREAD_PRIORITY_BACKGROUND = 10;
  public static final int SIGNAL_KILL = 9;

  public static final int myPid() {
    return (int) ProcessHandle.current().pid();
  }

  public static final boolean is64Bit() {
    return true;
  }

  public static final int myUid() {
    return 10123;
  }

  public static final void killProcess(int number) {
    if (number != myPid()) throw new UnsupportedOperationException("of another process");
    System.err.flush();
    Runtime.getRuntime().halt(128 + SIGNAL_KILL);
  }

  public static final void setThreadPriority(int priority) {}
}
