package android.view;

/** Where things go in a space that is larger than they. */
public class Gravity {
  public static final int NO_GRAVITY = 0;
  public static final int LEFT = 3;
  public static final int RIGHT = 5;
  public static final int TOP = 0x30;
  public static final int BOTTOM = 0x50;
  public static final int CENTER_HORIZONTAL = 1;
  public static final int CENTER_VERTICAL = 0x10;
  public static final int CENTER = 0x11;
  public static final int FILL = 0x77;
  public static final int START = 0x00800003;
  public static final int END = 0x00800005;
  public static final int HORIZONTAL_GRAVITY_MASK = 7;
  public static final int VERTICAL_GRAVITY_MASK = 0x70;

  /** Returns a gravity whose start and end are left and right. */
  public static int getAbsoluteGravity(int gravity, int direction) {
    if ((gravity & 0x00800000) == 0) return gravity;
    int made = gravity & ~0x00800000;
    boolean swapped = direction == View.LAYOUT_DIRECTION_RTL;
    int horizontal = made & HORIZONTAL_GRAVITY_MASK;
    if (swapped && horizontal == LEFT) return made & ~HORIZONTAL_GRAVITY_MASK | RIGHT;
    if (swapped && horizontal == RIGHT) return made & ~HORIZONTAL_GRAVITY_MASK | LEFT;
    return made;
  }
}
