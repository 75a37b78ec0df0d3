package android.content;

/** No app takes an intent. */
public class ActivityNotFoundException extends RuntimeException {
  public ActivityNotFoundException() {}

  public ActivityNotFoundException(String message) {
    super(message);
  }
}
