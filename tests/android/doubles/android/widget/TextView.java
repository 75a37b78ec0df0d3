package android.widget;

import android.content.Context;
import android.content.res.ColorStateList;
import android.graphics.Canvas;
import android.graphics.Paint;
import android.graphics.Typeface;
import android.text.TextPaint;
import android.text.TextUtils;
import android.util.TypedValue;
import android.view.Gravity;
import android.view.View;
import dev.edgeship.doubles.Hook;
import dev.edgeship.doubles.Lines;

/** Text on the screen. */
public class TextView extends View {
  private CharSequence text = "";
  private CharSequence hint = "";
  private final TextPaint paint = new TextPaint();
  private int gravity = Gravity.TOP | Gravity.START;
  private ColorStateList color;
  private int minimumHeight;
  private int maximumLines = Integer.MAX_VALUE;
  private float extraSpace;
  private float spaceFactor = 1;
  private boolean allCaps;
  private Lines lines;

  public TextView(Context context) {
    super(context);
    color =
        ColorStateList.valueOf(
            context.getResources().table().attribute("android:textColorPrimary"));
    setTextSize(14);
  }

  public final void setText(CharSequence text) {
    this.text = text == null ? "" : text;
  }

  public final void setText(int id) {
    setText(getResources().getText(id));
  }

  public CharSequence getText() {
    return text;
  }

  public final void setHint(CharSequence hint) {
    this.hint = hint;
  }

  public CharSequence getHint() {
    return hint;
  }

  public void setTextColor(int color) {
    this.color = ColorStateList.valueOf(color);
  }

  public void setTextColor(ColorStateList color) {
    this.color = color;
  }

  public final int getCurrentTextColor() {
    return color.of(isEnabled());
  }

  public void setTextSize(float size) {
    setTextSize(TypedValue.COMPLEX_UNIT_SP, size);
  }

  public void setTextSize(int unit, float size) {
    paint.setTextSize(
        TypedValue.applyDimension(unit, size, getResources().getDisplayMetrics()));
  }

  public float getTextSize() {
    return paint.getTextSize();
  }

  public void setTypeface(Typeface typeface) {
    paint.setTypeface(typeface);
  }

  public void setTypeface(Typeface typeface, int style) {
    paint.setTypeface(Typeface.create(typeface, style));
  }

  public Typeface getTypeface() {
    return paint.getTypeface();
  }

  public TextPaint getPaint() {
    return paint;
  }

  public void setGravity(int gravity) {
    this.gravity = gravity;
  }

  public void setAllCaps(boolean caps) {
    allCaps = caps;
  }

  public void setMinHeight(int pixels) {
    minimumHeight = pixels;
  }

  public void setMaxLines(int count) {
    maximumLines = count;
  }

  public void setSingleLine() {
    setSingleLine(true);
  }

  public void setSingleLine(boolean single) {
    maximumLines = single ? 1 : Integer.MAX_VALUE;
  }

  public void setLines(int count) {
    maximumLines = count;
  }

  public void setEllipsize(TextUtils.TruncateAt where) {}

  public void setLineSpacing(float extra, float factor) {
    extraSpace = extra;
    spaceFactor = factor;
  }

  public void setTextIsSelectable(boolean selectable) {}

  public void setIncludeFontPadding(boolean included) {}

  public void setFontFeatureSettings(String settings) {}

  public void setLetterSpacing(float ems) {}

  public void setBreakStrategy(int strategy) {}

  public void setHyphenationFrequency(int frequency) {}

  public void setCompoundDrawablePadding(int pixels) {}

  @Override
  protected void onMeasure(int width, int height) {
    int padX = getPaddingLeft() + getPaddingRight();
    int padY = getPaddingTop() + getPaddingBottom();
    int room = MeasureSpec.getSize(width) - padX;
    boolean bounded = MeasureSpec.getMode(width) != MeasureSpec.UNSPECIFIED;
    lines = broken(bounded ? room : Integer.MAX_VALUE);
    int wide = (int) Math.ceil(lines.width()) + padX;
    int high = Math.round(lines.height()) + padY;
    setMeasuredDimension(
        resolveSize(Math.max(wide, getSuggestedMinimumWidth()), width),
        resolveSize(Math.max(high, Math.max(minimumHeight, getSuggestedMinimumHeight())), height));
  }

  private Lines broken(int room) {
    String shown = text.length() > 0 ? text.toString() : String.valueOf(hint);
    if (allCaps) shown = shown.toUpperCase(getResources().getConfiguration().locale);
    return new Lines(shown, paint, room, maximumLines, spaceFactor, extraSpace);
  }

  /** Whether all of the text is inside of the view, once it was laid out. */
  @Hook
  public boolean fits() {
    int inner = getWidth() - getPaddingLeft() - getPaddingRight();
    int high = getHeight() - getPaddingTop() - getPaddingBottom();
    return lines.isWhole() && lines.width() <= inner + 1 && lines.height() <= high + 1;
  }

  @Override
  protected void onDraw(Canvas canvas) {
    int inner = getWidth() - getPaddingLeft() - getPaddingRight();
    int free = getHeight() - getPaddingTop() - getPaddingBottom() - Math.round(lines.height());
    int vertical = gravity & Gravity.VERTICAL_GRAVITY_MASK;
    int below = vertical == Gravity.CENTER_VERTICAL ? free / 2 : vertical == Gravity.BOTTOM ? free : 0;
    int absolute = Gravity.getAbsoluteGravity(gravity, getLayoutDirection());
    paint.setStyle(Paint.Style.FILL);
    paint.setColor(text.length() > 0 ? getCurrentTextColor() : 0xff808080);
    Lines.color(canvas, paint.getColor());
    lines.draw(
        canvas,
        getPaddingLeft(),
        getPaddingTop() + Math.max(0, below),
        inner,
        absolute & Gravity.HORIZONTAL_GRAVITY_MASK);
  }
}
