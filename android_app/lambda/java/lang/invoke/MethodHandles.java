package java.lang.invoke;

/** What javac needs to know of this class to compile a lambda; android.jar of API 23 lacks it. */
public final class MethodHandles {
  private MethodHandles() {}

  /** Stands for the real one. */
  public static final class Lookup {
    private Lookup() {}
  }
}
