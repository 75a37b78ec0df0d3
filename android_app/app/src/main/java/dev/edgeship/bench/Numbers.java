package dev.edgeship.bench;

import java.text.NumberFormat;

/** Numbers as people read them, in the user's way to write them. */
final class Numbers {
  private Numbers() {}

  /** Returns nanoseconds as milliseconds with three digits or more. */
  static String milliseconds(long nanoseconds) {
    double milliseconds = nanoseconds / 1e6;
    int places = milliseconds < 1 ? 3 : milliseconds < 10 ? 2 : milliseconds < 100 ? 1 : 0;
    return places(milliseconds, places);
  }

  /** Returns a number with so many places behind the point. */
  static String places(double number, int places) {
    NumberFormat format = NumberFormat.getNumberInstance();
    format.setMinimumFractionDigits(places);
    format.setMaximumFractionDigits(places);
    return format.format(number);
  }

  /** Returns a whole number. */
  static String whole(long number) {
    return NumberFormat.getIntegerInstance().format(number);
  }
}
