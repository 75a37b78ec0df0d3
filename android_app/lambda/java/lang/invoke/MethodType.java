package java.lang.invoke;

/** What javac needs to know of this class to compile a lambda; android.jar of API 23 lacks it. */
public final class MethodType {
  private MethodType() {}
}
