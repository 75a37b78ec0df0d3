package android.widget;

import android.content.Context;
import android.content.res.ColorStateList;
import android.graphics.Canvas;
import android.graphics.Paint;
import android.view.Gravity;
import dev.edgeship.doubles.Hook;

/** A button that is on or off. */
public abstract class CompoundButton extends Button implements android.widget.Checkable {
  private boolean checked;
  private OnCheckedChangeListener listener;
  private ColorStateList tint;

  public CompoundButton(Context context) {
    super(context);
    setAllCaps(false);
    setTypeface(null);
    setBackground(null);
    setMinHeight(0);
    setMinimumWidth(0);
    setGravity(Gravity.CENTER_VERTICAL | Gravity.START);
    setPadding(0, 0, 0, 0);
    setTextSize(14);
  }

  @Override
  public boolean isChecked() {
    return checked;
  }

  @Override
  public void setChecked(boolean checked) {
    if (this.checked == checked) return;
    this.checked = checked;
    if (listener != null) listener.onCheckedChanged(this, checked);
  }

  @Override
  public void toggle() {
    setChecked(!checked);
  }

  public void setOnCheckedChangeListener(OnCheckedChangeListener listener) {
    this.listener = listener;
  }

  public void setButtonTintList(ColorStateList tint) {
    this.tint = tint;
  }

  @Override
  public boolean performClick() {
    toggle();
    super.performClick();
    return true;
  }

  /** The mark takes 32 dp at the start. */
  private int mark() {
    return Math.round(32 * getResources().getDisplayMetrics().density);
  }

  @Override
  public int getPaddingLeft() {
    return super.getPaddingLeft() + (getLayoutDirection() == LAYOUT_DIRECTION_LTR ? mark() : 0);
  }

  @Override
  public int getPaddingRight() {
    return super.getPaddingRight() + (getLayoutDirection() == LAYOUT_DIRECTION_RTL ? mark() : 0);
  }

  @Hook
  abstract void drawMark(Canvas canvas, float x, float y, float unit, Paint paint);

  @Override
  protected void onDraw(Canvas canvas) {
    Paint paint = new Paint();
    float unit = getResources().getDisplayMetrics().density;
    int own = getResources().table().attribute(
            checked ? "android:colorAccent" : "android:textColorSecondary");
    paint.setColor(tint == null ? own : tint.of(isEnabled()));
    boolean left = getLayoutDirection() == LAYOUT_DIRECTION_LTR;
    drawMark(canvas, left ? mark() / 2f : getWidth() - mark() / 2f, getHeight() / 2f, unit, paint);
    super.onDraw(canvas);
  }

  /** Hears of changes. */
  public interface OnCheckedChangeListener {
    void onCheckedChanged(CompoundButton button, boolean checked);
  }
}
