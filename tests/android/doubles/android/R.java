package android;

/** Numbers of Android's own resources. */
public final class R {
  /** Attributes. */
  public static final class attr {
    public static final int state_enabled = 0x0101009e;
    public static final int state_pressed = 0x010100a7;
    public static final int state_checked = 0x010100a0;
  }

  /** Texts. */
  public static final class string {
    public static final int cancel = 0x01040000;
    public static final int ok = 0x0104000a;
  }

  /** Colors. */
  public static final class color {
    public static final int transparent = 0x0106000d;
  }
}
