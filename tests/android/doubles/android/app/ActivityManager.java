package android.app;

import dev.edgeship.doubles.Phone;

/** What the system thinks of this process. */
public class ActivityManager {
  @dev.edgeship.doubles.Hook
  public ActivityManager() {}

  public static void getMyMemoryState(RunningAppProcessInfo state) {
    state.importance = Phone.importance;
    state.pid = android.os.Process.myPid();
  }

  /** A process. */
  public static class RunningAppProcessInfo {
    public static final int IMPORTANCE_FOREGROUND = 100;
    public int importance;
    public int pid;

    public RunningAppProcessInfo() {
      importance = IMPORTANCE_FOREGROUND;
    }
  }
}
