package android.text;

/** Small things about text. */
public class TextUtils {
  public static boolean isEmpty(CharSequence text) {
    return text == null || text.length() == 0;
  }

  public static String join(CharSequence between, Iterable parts) {
    StringBuilder made = new StringBuilder();
    for (Object part : parts) {
      if (made.length() > 0) made.append(between);
      made.append(part);
    }
    return made.toString();
  }

  /** Where the dots go. */
  public enum TruncateAt {
    START,
    MIDDLE,
    END,
    MARQUEE
  }
}
