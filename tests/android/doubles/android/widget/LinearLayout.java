package android.widget;

import android.content.Context;
import android.view.Gravity;
import android.view.View;
import android.view.ViewGroup;

/** Views in a row or in a column. */
public class LinearLayout extends ViewGroup {
  public static final int HORIZONTAL = 0;
  public static final int VERTICAL = 1;

  private int orientation;
  private int gravity = Gravity.START | Gravity.TOP;
  private int length;

  public LinearLayout(Context context) {
    super(context);
  }

  public void setOrientation(int orientation) {
    this.orientation = orientation;
  }

  public int getOrientation() {
    return orientation;
  }

  public void setGravity(int gravity) {
    this.gravity = gravity;
  }

  public void setBaselineAligned(boolean aligned) {}

  @Override
  protected LayoutParams generateDefaultLayoutParams() {
    int width = orientation == VERTICAL ? LayoutParams.MATCH_PARENT : LayoutParams.WRAP_CONTENT;
    return new LayoutParams(width, LayoutParams.WRAP_CONTENT);
  }

  @Override
  protected boolean checkLayoutParams(ViewGroup.LayoutParams place) {
    return place instanceof LayoutParams;
  }

  @Override
  protected ViewGroup.LayoutParams generateLayoutParams(ViewGroup.LayoutParams place) {
    return new LayoutParams(place);
  }

  @Override
  protected void onMeasure(int width, int height) {
    boolean column = orientation == VERTICAL;
    int padX = getPaddingLeft() + getPaddingRight();
    int padY = getPaddingTop() + getPaddingBottom();
    int used = 0;
    int across = 0;
    float weights = 0;
    for (int i = 0; i < getChildCount(); i++) {
      View child = getChildAt(i);
      if (child.getVisibility() == GONE) continue;
      LayoutParams place = (LayoutParams) child.getLayoutParams();
      place.resolveLayoutDirection(getLayoutDirection());
      weights += place.weight;
      boolean exact = MeasureSpec.getMode(column ? height : width) == MeasureSpec.EXACTLY;
      boolean later = place.weight > 0 && exact && (column ? place.height : place.width) == 0;
      if (!later) {
        measureChildWithMargins(child, width, column ? 0 : used, height, column ? used : 0);
        used += column ? child.getMeasuredHeight() : child.getMeasuredWidth();
        across = Math.max(across, acrossOf(child, place));
      }
      used += alongMargins(place);
    }
    int spec = column ? height : width;
    int along = resolveSize(used + (column ? padY : padX), spec);
    if (weights > 0) {
      int free = along - used - (column ? padY : padX);
      used += share(free, weights, width, height);
      for (int i = 0; i < getChildCount(); i++) {
        View child = getChildAt(i);
        if (child.getVisibility() != GONE) {
          across = Math.max(across, acrossOf(child, (LayoutParams) child.getLayoutParams()));
        }
      }
    }
    length = used;
    int wide = column ? across + padX : along;
    int high = column ? along : across + padY;
    setMeasuredDimension(
        resolveSize(Math.max(wide, getSuggestedMinimumWidth()), width),
        resolveSize(Math.max(high, getSuggestedMinimumHeight()), height));
    stretch(width, height);
  }

  /** Gives what is left to the children with weights; returns how much it gave. */
  private int share(int free, float weights, int width, int height) {
    boolean column = orientation == VERTICAL;
    int given = 0;
    float rest = weights;
    for (int i = 0; i < getChildCount(); i++) {
      View child = getChildAt(i);
      LayoutParams place = (LayoutParams) child.getLayoutParams();
      if (child.getVisibility() == GONE || place.weight <= 0) continue;
      int part = (int) (place.weight * (free - given) / rest);
      rest -= place.weight;
      boolean fresh = (column ? place.height : place.width) == 0;
      int before = fresh ? 0 : column ? child.getMeasuredHeight() : child.getMeasuredWidth();
      int size = MeasureSpec.makeMeasureSpec(Math.max(0, before + part), MeasureSpec.EXACTLY);
      int padX = getPaddingLeft() + getPaddingRight() + place.leftMargin() + place.rightMargin();
      int padY = getPaddingTop() + getPaddingBottom() + place.topMargin + place.bottomMargin;
      if (column) child.measure(getChildMeasureSpec(width, padX, place.width), size);
      else child.measure(size, getChildMeasureSpec(height, padY, place.height));
      given += part;
    }
    return given;
  }

  /** Measures the children again that want to be as large as a layout that is as large as they. */
  private void stretch(int width, int height) {
    boolean column = orientation == VERTICAL;
    if (MeasureSpec.getMode(column ? width : height) == MeasureSpec.EXACTLY) return;
    for (int i = 0; i < getChildCount(); i++) {
      View child = getChildAt(i);
      LayoutParams place = (LayoutParams) child.getLayoutParams();
      boolean wants = (column ? place.width : place.height) == LayoutParams.MATCH_PARENT;
      if (child.getVisibility() == GONE || !wants) continue;
      int padX = getPaddingLeft() + getPaddingRight() + place.leftMargin() + place.rightMargin();
      int padY = getPaddingTop() + getPaddingBottom() + place.topMargin + place.bottomMargin;
      int wide = column ? getMeasuredWidth() - padX : child.getMeasuredWidth();
      int high = column ? child.getMeasuredHeight() : getMeasuredHeight() - padY;
      child.measure(
          MeasureSpec.makeMeasureSpec(wide, MeasureSpec.EXACTLY),
          MeasureSpec.makeMeasureSpec(high, MeasureSpec.EXACTLY));
    }
  }

  private int acrossOf(View child, LayoutParams place) {
    return orientation == VERTICAL
        ? child.getMeasuredWidth() + place.leftMargin() + place.rightMargin()
        : child.getMeasuredHeight() + place.topMargin + place.bottomMargin;
  }

  private int alongMargins(LayoutParams place) {
    return orientation == VERTICAL
        ? place.topMargin + place.bottomMargin
        : place.leftMargin() + place.rightMargin();
  }

  @Override
  protected void onLayout(boolean changed, int left, int top, int right, int bottom) {
    boolean column = orientation == VERTICAL;
    boolean backwards = !column && getLayoutDirection() == LAYOUT_DIRECTION_RTL;
    int innerWidth = right - left - getPaddingLeft() - getPaddingRight();
    int innerHeight = bottom - top - getPaddingTop() - getPaddingBottom();
    int own = Gravity.getAbsoluteGravity(gravity, getLayoutDirection());
    int x = getPaddingLeft() + (column ? 0 : offset(own, innerWidth - length, true));
    int y = getPaddingTop() + (column ? offset(own, innerHeight - length, false) : 0);
    for (int i = 0; i < getChildCount(); i++) {
      View child = getChildAt(backwards ? getChildCount() - 1 - i : i);
      if (child.getVisibility() == GONE) continue;
      LayoutParams place = (LayoutParams) child.getLayoutParams();
      int wanted = place.gravity < 0 ? gravity : place.gravity;
      int absolute = Gravity.getAbsoluteGravity(wanted, getLayoutDirection());
      int wide = child.getMeasuredWidth();
      int high = child.getMeasuredHeight();
      int freeX = innerWidth - wide - place.leftMargin() - place.rightMargin();
      int freeY = innerHeight - high - place.topMargin - place.bottomMargin;
      int childX = x + place.leftMargin() + (column ? offset(absolute, freeX, true) : 0);
      int childY = y + place.topMargin + (column ? 0 : offset(absolute, freeY, false));
      child.layout(childX, childY, childX + wide, childY + high);
      if (column) y += high + place.topMargin + place.bottomMargin;
      else x += wide + place.leftMargin() + place.rightMargin();
    }
  }

  private static int offset(int gravity, int free, boolean horizontal) {
    int wanted =
        gravity & (horizontal ? Gravity.HORIZONTAL_GRAVITY_MASK : Gravity.VERTICAL_GRAVITY_MASK);
    if (wanted == Gravity.CENTER_HORIZONTAL || wanted == Gravity.CENTER_VERTICAL) return free / 2;
    return wanted == Gravity.RIGHT || wanted == Gravity.BOTTOM ? free : 0;
  }

  /** What a child wants. */
  public static class LayoutParams extends ViewGroup.MarginLayoutParams {
    public float weight;
    public int gravity = -1;

    public LayoutParams(int width, int height) {
      super(width, height);
    }

    public LayoutParams(int width, int height, float weight) {
      super(width, height);
      this.weight = weight;
    }

    public LayoutParams(ViewGroup.LayoutParams other) {
      super(other);
    }
  }
}
