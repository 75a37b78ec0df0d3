package android.util;

/** An error of the framework. */
public class AndroidException extends Exception {
  public AndroidException(String message) {
    super(message);
  }
}
