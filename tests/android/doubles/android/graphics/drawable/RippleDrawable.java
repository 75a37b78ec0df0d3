package android.graphics.drawable;

import android.content.res.ColorStateList;

/** What is drawn below waves that follow a finger. Nobody touches it here. */
public class RippleDrawable extends LayerDrawable {
  public RippleDrawable(ColorStateList color, Drawable content, Drawable mask) {
    super(content == null ? new Drawable[0] : new Drawable[] {content});
  }
}
