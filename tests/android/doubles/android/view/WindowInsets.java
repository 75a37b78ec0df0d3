package android.view;

import dev.edgeship.doubles.Hook;

/** Where the system's bars lie over a window. */
public final class WindowInsets {
  private final int top;
  private final int bottom;

  @Hook
  public WindowInsets(int top, int bottom) {
    this.top = top;
    this.bottom = bottom;
  }

  public int getSystemWindowInsetLeft() {
    return 0;
  }

  public int getSystemWindowInsetTop() {
    return top;
  }

  public int getSystemWindowInsetRight() {
    return 0;
  }

  public int getSystemWindowInsetBottom() {
    return bottom;
  }

  public DisplayCutout getDisplayCutout() {
    return null;
  }

  public WindowInsets consumeSystemWindowInsets() {
    return new WindowInsets(0, 0);
  }
}
