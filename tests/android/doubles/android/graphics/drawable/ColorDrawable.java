package android.graphics.drawable;

import android.graphics.Canvas;
import android.graphics.Paint;

/** A color. */
public class ColorDrawable extends Drawable {
  private final int color;

  public ColorDrawable(int color) {
    this.color = color;
  }

  public int getColor() {
    return color;
  }

  @Override
  public void draw(Canvas canvas) {
    Paint paint = new Paint();
    paint.setColor(tinted(color));
    canvas.drawRect(
        getBounds().left, getBounds().top, getBounds().right, getBounds().bottom, paint);
  }
}
