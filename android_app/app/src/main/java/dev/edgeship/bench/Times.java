package dev.edgeship.bench;

import java.text.NumberFormat;

/** Nanoseconds as people read them. */
final class Times {
  private Times() {}

  /** Returns milliseconds with three digits or more, in the user's way to write numbers. */
  static String milliseconds(long nanoseconds) {
    double milliseconds = nanoseconds / 1e6;
    int places = milliseconds < 1 ? 3 : milliseconds < 10 ? 2 : milliseconds < 100 ? 1 : 0;
    NumberFormat format = NumberFormat.getNumberInstance();
    format.setMinimumFractionDigits(places);
    format.setMaximumFractionDigits(places);
    return format.format(milliseconds);
  }
}
