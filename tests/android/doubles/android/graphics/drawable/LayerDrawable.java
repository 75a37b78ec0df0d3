package android.graphics.drawable;

import android.content.res.ColorStateList;
import android.graphics.Canvas;

/** Drawables on top of one another. */
public class LayerDrawable extends Drawable {
  private final Drawable[] layers;

  public LayerDrawable(Drawable[] layers) {
    this.layers = layers;
  }

  @Override
  public void setBounds(int left, int top, int right, int bottom) {
    super.setBounds(left, top, right, bottom);
    for (Drawable layer : layers) layer.setBounds(left, top, right, bottom);
  }

  @Override
  public void setTintList(ColorStateList tint) {
    for (Drawable layer : layers) layer.setTintList(tint);
  }

  @Override
  public void setEnabled(boolean enabled) {
    for (Drawable layer : layers) layer.setEnabled(enabled);
  }

  @Override
  public void draw(Canvas canvas) {
    for (Drawable layer : layers) layer.draw(canvas);
  }
}
