package android.widget;

import android.content.Context;
import android.graphics.Bitmap;
import android.graphics.Canvas;
import android.graphics.RectF;
import android.view.View;

/** A picture on the screen, as large as fits. */
public class ImageView extends View {
  private Bitmap bitmap;
  private boolean adjusts;

  public ImageView(Context context) {
    super(context);
  }

  public void setImageBitmap(Bitmap bitmap) {
    this.bitmap = bitmap;
  }

  public void setAdjustViewBounds(boolean adjusts) {
    this.adjusts = adjusts;
  }

  @Override
  protected void onMeasure(int width, int height) {
    if (bitmap == null) {
      super.onMeasure(width, height);
      return;
    }
    int padX = getPaddingLeft() + getPaddingRight();
    int padY = getPaddingTop() + getPaddingBottom();
    int wide = resolveSize(bitmap.getWidth() + padX, width);
    int high = resolveSize(bitmap.getHeight() + padY, height);
    if (adjusts && MeasureSpec.getMode(height) != MeasureSpec.EXACTLY) {
      high = (wide - padX) * bitmap.getHeight() / bitmap.getWidth() + padY;
      high = resolveSize(high, height);
    }
    setMeasuredDimension(wide, high);
  }

  @Override
  protected void onDraw(Canvas canvas) {
    if (bitmap == null) return;
    float wide = getWidth() - getPaddingLeft() - getPaddingRight();
    float high = getHeight() - getPaddingTop() - getPaddingBottom();
    float scale = Math.min(wide / bitmap.getWidth(), high / bitmap.getHeight());
    float x = getPaddingLeft() + (wide - scale * bitmap.getWidth()) / 2;
    float y = getPaddingTop() + (high - scale * bitmap.getHeight()) / 2;
    RectF to = new RectF(x, y, x + scale * bitmap.getWidth(), y + scale * bitmap.getHeight());
    canvas.drawBitmap(bitmap, null, to, null);
  }
}
