package android.util;

/** The log: standard error. */
public final class Log {
  private Log() {}

  public static int d(String tag, String message) {
    return line("D", tag, message, null);
  }

  public static int i(String tag, String message) {
    return line("I", tag, message, null);
  }

  public static int w(String tag, String message) {
    return line("W", tag, message, null);
  }

  public static int w(String tag, String message, Throwable error) {
    return line("W", tag, message, error);
  }

  public static int w(String tag, Throwable error) {
    return line("W", tag, error.toString(), error);
  }

  public static int e(String tag, String message) {
    return line("E", tag, message, null);
  }

  public static int e(String tag, String message, Throwable error) {
    return line("E", tag, message, error);
  }

  private static int line(String level, String tag, String message, Throwable error) {
    System.err.println(level + "/" + tag + ": " + message);
    if (error != null) error.printStackTrace();
    return 0;
  }
}
