package android.view;

/** A hole in the screen. This one has none. */
public final class DisplayCutout {
  private DisplayCutout() {}
}
