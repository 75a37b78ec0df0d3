package android.view;

/** What windows ask of the screen. */
public interface WindowManager {
  Display getDefaultDisplay();

  /** Numbers for it. */
  class LayoutParams {
    public static final int FLAG_KEEP_SCREEN_ON = 0x80;
    public static final int FLAG_SHOW_WHEN_LOCKED = 0x80000;
    public static final int FLAG_TURN_SCREEN_ON = 0x200000;
  }
}
