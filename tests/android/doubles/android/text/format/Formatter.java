package android.text.format;

import android.content.Context;
import java.util.Locale;

/** Numbers for people. */
public final class Formatter {
  private static final String[] UNITS = {"B", "kB", "MB", "GB"};

  /** Returns a size in units of 1000, as Android 8 and later do. */
  public static String formatFileSize(Context context, long bytes) {
    double value = bytes;
    int unit = 0;
    while (value > 900 && unit + 1 < UNITS.length) {
      value /= 1000;
      unit++;
    }
    Locale locale = context.getResources().getConfiguration().locale;
    String digits = unit == 0 ? "%.0f" : value < 100 ? "%.2f" : "%.0f";
    return String.format(locale, digits, value) + " " + UNITS[unit];
  }
}
