package android.graphics.drawable;

import android.content.res.ColorStateList;
import android.graphics.Canvas;

/** A drawable with space around it. */
public class InsetDrawable extends Drawable {
  private final Drawable inner;
  private final int[] inset;

  public InsetDrawable(Drawable inner, int inset) {
    this(inner, inset, inset, inset, inset);
  }

  public InsetDrawable(Drawable inner, int left, int top, int right, int bottom) {
    this.inner = inner;
    inset = new int[] {left, top, right, bottom};
  }

  @Override
  public void setBounds(int left, int top, int right, int bottom) {
    super.setBounds(left, top, right, bottom);
    inner.setBounds(left + inset[0], top + inset[1], right - inset[2], bottom - inset[3]);
  }

  @Override
  public void setTintList(ColorStateList tint) {
    inner.setTintList(tint);
  }

  @Override
  public void setEnabled(boolean enabled) {
    inner.setEnabled(enabled);
  }

  @Override
  public void draw(Canvas canvas) {
    inner.draw(canvas);
  }
}
