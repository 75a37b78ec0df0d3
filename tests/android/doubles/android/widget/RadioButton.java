package android.widget;

import android.content.Context;
import android.graphics.Canvas;
import android.graphics.Paint;

/** One of several. */
public class RadioButton extends CompoundButton {
  public RadioButton(Context context) {
    super(context);
  }

  @Override
  public void toggle() {
    if (!isChecked()) super.toggle();
  }

  @Override
  void drawMark(Canvas canvas, float x, float y, float unit, Paint paint) {
    paint.setStyle(Paint.Style.STROKE);
    paint.setStrokeWidth(2 * unit);
    canvas.drawCircle(x, y, 9 * unit, paint);
    paint.setStyle(Paint.Style.FILL);
    if (isChecked()) canvas.drawCircle(x, y, 5 * unit, paint);
  }
}
