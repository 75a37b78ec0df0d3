package android.graphics.drawable;

import android.content.res.ColorStateList;
import android.graphics.Canvas;
import android.graphics.Paint;

/** A rectangle with round corners. */
public class GradientDrawable extends Drawable {
  public static final int RECTANGLE = 0;
  public static final int OVAL = 1;

  private ColorStateList color = ColorStateList.valueOf(0);
  private float corner;
  private int strokeWidth;
  private int strokeColor;
  private int shape;

  public void setShape(int shape) {
    this.shape = shape;
  }

  public void setColor(int color) {
    this.color = ColorStateList.valueOf(color);
  }

  public void setColor(ColorStateList color) {
    this.color = color;
  }

  public void setCornerRadius(float pixels) {
    corner = pixels;
  }

  public void setStroke(int width, int color) {
    strokeWidth = width;
    strokeColor = color;
  }

  @Override
  public void draw(Canvas canvas) {
    float half = strokeWidth / 2f;
    float left = getBounds().left + half;
    float top = getBounds().top + half;
    float right = getBounds().right - half;
    float bottom = getBounds().bottom - half;
    float round = shape == OVAL ? Math.min(right - left, bottom - top) / 2 : corner;
    round = Math.min(round, Math.min(right - left, bottom - top) / 2);
    Paint paint = new Paint();
    paint.setColor(tinted(color.of(isEnabled())));
    canvas.drawRoundRect(left, top, right, bottom, round, round, paint);
    if (strokeWidth > 0) {
      paint.setStyle(Paint.Style.STROKE);
      paint.setStrokeWidth(strokeWidth);
      paint.setColor(strokeColor);
      canvas.drawRoundRect(left, top, right, bottom, round, round, paint);
    }
  }
}
