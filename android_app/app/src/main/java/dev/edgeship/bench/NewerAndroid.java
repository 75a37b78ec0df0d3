package dev.edgeship.bench;

import android.os.Build;
import android.os.PowerManager;
import android.util.Log;
import android.view.View;
import android.view.Window;
import android.view.WindowInsets;

/** What Android offers since API 24, called by its name: the sources compile against API 23. */
final class NewerAndroid {
  private static final int P = 28;
  private static final int Q = 29;
  private static final int R = 30;

  private static final String[] SIDES = {"Left", "Top", "Right", "Bottom"};

  private NewerAndroid() {}

  /** Returns the thermal status, 0 (none) to 6 (shutdown), or null where there is none. */
  static Integer thermalStatus(PowerManager power) {
    return Build.VERSION.SDK_INT < Q ? null : (Integer) ask(power, "getCurrentThermalStatus");
  }

  /**
   * Returns how near throttling is: 1 is where severe throttling begins.
   *
   * @return null where the phone does not say, as when it was asked less than a second ago
   */
  static Float thermalHeadroom(PowerManager power) {
    if (Build.VERSION.SDK_INT < R) return null;
    Float headroom = (Float) ask(power, "getThermalHeadroom", 0);
    return headroom == null || headroom.isNaN() || headroom.isInfinite() ? null : headroom;
  }

  /** Asks for clocks that the phone can keep up; returns whether it offers that. */
  static boolean sustainPerformance(PowerManager power, Window window) {
    if (!Boolean.TRUE.equals(ask(power, "isSustainedPerformanceModeSupported"))) return false;
    try {
      Window.class
          .getMethod("setSustainedPerformanceMode", boolean.class)
          .invoke(window, true);
      return true;
    } catch (ReflectiveOperationException error) {
      Log.w("edgebench", error);
      return false;
    }
  }

  /** Tells screen readers that users may jump from this to the next heading. */
  static void markHeading(View view) {
    if (Build.VERSION.SDK_INT < P) return;
    try {
      View.class.getMethod("setAccessibilityHeading", boolean.class).invoke(view, true);
    } catch (ReflectiveOperationException error) {
      Log.w("edgebench", error);
    }
  }

  /** Returns what a camera or a corner takes of a window: pixels from left, top, right, bottom. */
  static int[] cutout(WindowInsets insets) {
    int[] taken = new int[4];
    if (Build.VERSION.SDK_INT < P) return taken;
    try {
      Object cutout = WindowInsets.class.getMethod("getDisplayCutout").invoke(insets);
      if (cutout == null) return taken;
      Class<?> type = Class.forName("android.view.DisplayCutout");
      for (int i = 0; i < taken.length; i++) {
        taken[i] = (Integer) type.getMethod("getSafeInset" + SIDES[i]).invoke(cutout);
      }
    } catch (ReflectiveOperationException error) {
      Log.w("edgebench", error);
    }
    return taken;
  }

  private static Object ask(PowerManager power, String name, int... argument) {
    try {
      return argument.length == 0
          ? PowerManager.class.getMethod(name).invoke(power)
          : PowerManager.class.getMethod(name, int.class).invoke(power, argument[0]);
    } catch (ReflectiveOperationException error) {
      // A phone that refuses it still measures: the report then says null.
      Log.w("edgebench", error);
      return null;
    }
  }
}
