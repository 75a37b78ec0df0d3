package android.widget;

import android.content.Context;
import android.view.Gravity;
import android.view.View;
import android.view.ViewGroup;

/** Views on top of one another. */
public class FrameLayout extends ViewGroup {

  public FrameLayout(Context context) {
    super(context);
  }

  @Override
  protected LayoutParams generateDefaultLayoutParams() {
    return new LayoutParams(LayoutParams.MATCH_PARENT, LayoutParams.MATCH_PARENT);
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
    int widest = 0;
    int highest = 0;
    for (int i = 0; i < getChildCount(); i++) {
      View child = getChildAt(i);
      if (child.getVisibility() == GONE) continue;
      LayoutParams place = (LayoutParams) child.getLayoutParams();
      place.resolveLayoutDirection(getLayoutDirection());
      measureChildWithMargins(child, width, 0, height, 0);
      widest = Math.max(widest, child.getMeasuredWidth() + place.leftMargin() + place.rightMargin());
      highest = Math.max(highest, child.getMeasuredHeight() + place.topMargin + place.bottomMargin);
    }
    widest += getPaddingLeft() + getPaddingRight();
    highest += getPaddingTop() + getPaddingBottom();
    setMeasuredDimension(
        resolveSize(Math.max(widest, getSuggestedMinimumWidth()), width),
        resolveSize(Math.max(highest, getSuggestedMinimumHeight()), height));
  }

  @Override
  protected void onLayout(boolean changed, int left, int top, int right, int bottom) {
    for (int i = 0; i < getChildCount(); i++) {
      View child = getChildAt(i);
      if (child.getVisibility() == GONE) continue;
      LayoutParams place = (LayoutParams) child.getLayoutParams();
      int gravity = place.gravity == -1 ? Gravity.TOP | Gravity.START : place.gravity;
      int absolute = Gravity.getAbsoluteGravity(gravity, getLayoutDirection());
      int freeX = right - left - getPaddingLeft() - getPaddingRight() - child.getMeasuredWidth();
      int freeY = bottom - top - getPaddingTop() - getPaddingBottom() - child.getMeasuredHeight();
      int x = getPaddingLeft() + place.leftMargin();
      int y = getPaddingTop() + place.topMargin;
      switch (absolute & Gravity.HORIZONTAL_GRAVITY_MASK) {
        case Gravity.CENTER_HORIZONTAL:
          x = getPaddingLeft() + (freeX + place.leftMargin() - place.rightMargin()) / 2;
          break;
        case Gravity.RIGHT:
          x = getPaddingLeft() + freeX - place.rightMargin();
          break;
        default:
      }
      switch (absolute & Gravity.VERTICAL_GRAVITY_MASK) {
        case Gravity.CENTER_VERTICAL:
          y = getPaddingTop() + (freeY + place.topMargin - place.bottomMargin) / 2;
          break;
        case Gravity.BOTTOM:
          y = getPaddingTop() + freeY - place.bottomMargin;
          break;
        default:
      }
      child.layout(x, y, x + child.getMeasuredWidth(), y + child.getMeasuredHeight());
    }
  }

  /** What a child wants. */
  public static class LayoutParams extends ViewGroup.MarginLayoutParams {
    public int gravity = -1;

    public LayoutParams(int width, int height) {
      super(width, height);
    }

    public LayoutParams(int width, int height, int gravity) {
      super(width, height);
      this.gravity = gravity;
    }

    public LayoutParams(ViewGroup.LayoutParams other) {
      super(other);
    }
  }
}
