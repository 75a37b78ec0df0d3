package android.widget;

import android.content.Context;
import android.view.View;
import android.view.ViewGroup;

/** One view that may be higher than the screen. */
public class ScrollView extends FrameLayout {
  private boolean fills;

  public ScrollView(Context context) {
    super(context);
  }

  public void setFillViewport(boolean fills) {
    this.fills = fills;
  }

  public final void smoothScrollTo(int x, int y) {}

  public boolean fullScroll(int direction) {
    return false;
  }

  @Override
  protected void measureChildWithMargins(
      View child, int width, int usedWidth, int height, int usedHeight) {
    ViewGroup.MarginLayoutParams place = (ViewGroup.MarginLayoutParams) child.getLayoutParams();
    int across = getPaddingLeft() + getPaddingRight() + place.leftMargin() + place.rightMargin();
    int wide = getChildMeasureSpec(width, across, place.width);
    child.measure(wide, MeasureSpec.makeMeasureSpec(0, MeasureSpec.UNSPECIFIED));
    int own = MeasureSpec.getSize(height) - getPaddingTop() - getPaddingBottom();
    own -= place.topMargin + place.bottomMargin;
    boolean bounded = MeasureSpec.getMode(height) != MeasureSpec.UNSPECIFIED;
    if (fills && bounded && child.getMeasuredHeight() < own) {
      child.measure(wide, MeasureSpec.makeMeasureSpec(own, MeasureSpec.EXACTLY));
    }
  }
}
