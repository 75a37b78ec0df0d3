package android.view;

import dev.edgeship.doubles.Hook;

/** The screen; it is held upright. */
public final class Display {
  @Hook
  public Display() {}

  public int getRotation() {
    return Surface.ROTATION_0;
  }
}
