package android.graphics.drawable;

import android.content.res.ColorStateList;
import android.graphics.Canvas;
import android.graphics.Rect;
import dev.edgeship.doubles.Hook;

/** Something that draws itself into a rectangle. */
public abstract class Drawable {
  private Rect bounds = new Rect();
  private boolean enabled = true;
  private ColorStateList tint;

  public abstract void draw(Canvas canvas);

  public void setBounds(int left, int top, int right, int bottom) {
    bounds = new Rect(left, top, right, bottom);
  }

  public final Rect getBounds() {
    return bounds;
  }

  public boolean getPadding(Rect padding) {
    return false;
  }

  public int getIntrinsicWidth() {
    return -1;
  }

  public int getIntrinsicHeight() {
    return -1;
  }

  public int getMinimumWidth() {
    return Math.max(0, getIntrinsicWidth());
  }

  public int getMinimumHeight() {
    return Math.max(0, getIntrinsicHeight());
  }

  public void setTint(int color) {
    tint = ColorStateList.valueOf(color);
  }

  public void setTintList(ColorStateList tint) {
    this.tint = tint;
  }

  @Hook
  public void setEnabled(boolean enabled) {
    this.enabled = enabled;
  }

  /** Returns the color to draw in, where nothing else says it. */
  @Hook
  protected int tinted(int color) {
    return tint == null ? color : tint.of(enabled);
  }

  @Hook
  protected boolean isEnabled() {
    return enabled;
  }
}
