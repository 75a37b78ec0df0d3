package android.content.res;

import android.os.Parcelable;
import dev.edgeship.doubles.Hook;

/** A color that depends on a view's state. */
public class ColorStateList implements Parcelable {
  private final int[][] states;
  private final int[] colors;

  public ColorStateList(int[][] states, int[] colors) {
    this.states = states;
    this.colors = colors;
  }

  public static ColorStateList valueOf(int color) {
    return new ColorStateList(new int[][] {{}}, new int[] {color});
  }

  public int getDefaultColor() {
    return of(true);
  }

  /** Returns the color of a view that is enabled, or is not, and in no other state. */
  @Hook
  public int of(boolean enabled) {
    for (int i = 0; i < states.length; i++) {
      boolean fits = true;
      for (int state : states[i]) {
        int known = android.R.attr.state_enabled;
        fits &= state == known ? enabled : state == -known ? !enabled : state < 0;
      }
      if (fits) return colors[i];
    }
    return 0;
  }
}
