package android.view;

import android.content.Context;
import android.graphics.Canvas;
import dev.edgeship.doubles.Hook;
import java.util.ArrayList;
import java.util.List;

/** A view that holds others. */
public abstract class ViewGroup extends View implements ViewParent {
  private final List<View> children = new ArrayList<>();

  public ViewGroup(Context context) {
    super(context);
  }

  public void addView(View child) {
    addView(child, -1);
  }

  public void addView(View child, int index) {
    LayoutParams place = child.getLayoutParams();
    addView(child, index, place == null ? generateDefaultLayoutParams() : place);
  }

  public void addView(View child, int width, int height) {
    LayoutParams place = generateDefaultLayoutParams();
    place.width = width;
    place.height = height;
    addView(child, -1, place);
  }

  public void addView(View child, LayoutParams place) {
    addView(child, -1, place);
  }

  public void addView(View child, int index, LayoutParams place) {
    if (child.getParent() != null) {
      throw new IllegalStateException(
          "The specified child already has a parent."
              + " You must call removeView() on the child's parent first.");
    }
    child.setLayoutParams(checkLayoutParams(place) ? place : generateLayoutParams(place));
    child.setParent(this);
    children.add(index < 0 ? children.size() : index, child);
  }

  public int getChildCount() {
    return children.size();
  }

  public View getChildAt(int index) {
    return index < 0 || index >= children.size() ? null : children.get(index);
  }

  public int indexOfChild(View child) {
    return children.indexOf(child);
  }

  public void removeView(View child) {
    if (children.remove(child)) child.setParent(null);
  }

  public void removeViewAt(int index) {
    removeView(children.get(index));
  }

  public void removeViews(int start, int count) {
    for (int i = 0; i < count; i++) removeViewAt(start);
  }

  public void removeAllViews() {
    removeViews(0, children.size());
  }

  public void setClipToPadding(boolean clip) {}

  public void setClipChildren(boolean clip) {}

  protected boolean checkLayoutParams(LayoutParams place) {
    return place != null;
  }

  protected LayoutParams generateDefaultLayoutParams() {
    return new LayoutParams(LayoutParams.WRAP_CONTENT, LayoutParams.WRAP_CONTENT);
  }

  protected LayoutParams generateLayoutParams(LayoutParams place) {
    return place;
  }

  @Override
  View find(int wanted) {
    View found = super.find(wanted);
    for (int i = 0; found == null && i < children.size(); i++) found = children.get(i).find(wanted);
    return found;
  }

  /** Returns how large a child may be, from how large this may be and what the child wants. */
  public static int getChildMeasureSpec(int spec, int padding, int wanted) {
    int mode = MeasureSpec.getMode(spec);
    int size = Math.max(0, MeasureSpec.getSize(spec) - padding);
    if (wanted >= 0) return MeasureSpec.makeMeasureSpec(wanted, MeasureSpec.EXACTLY);
    if (mode == MeasureSpec.UNSPECIFIED) return MeasureSpec.makeMeasureSpec(size, mode);
    if (wanted == LayoutParams.WRAP_CONTENT) mode = MeasureSpec.AT_MOST;
    return MeasureSpec.makeMeasureSpec(size, mode);
  }

  protected void measureChildWithMargins(
      View child, int width, int usedWidth, int height, int usedHeight) {
    MarginLayoutParams place = (MarginLayoutParams) child.getLayoutParams();
    child.measure(
        getChildMeasureSpec(
            width,
            getPaddingLeft() + getPaddingRight() + place.leftMargin() + place.rightMargin() + usedWidth,
            place.width),
        getChildMeasureSpec(
            height,
            getPaddingTop() + getPaddingBottom() + place.topMargin + place.bottomMargin + usedHeight,
            place.height));
  }

  @Override
  protected abstract void onLayout(boolean changed, int left, int top, int right, int bottom);

  @Override
  protected void dispatchDraw(Canvas canvas) {
    for (View child : children) {
      if (child.getVisibility() != VISIBLE || child.getWidth() <= 0 || child.getHeight() <= 0) {
        continue;
      }
      canvas.save();
      canvas.translate(child.getLeft(), child.getTop());
      canvas.clipRect(0, 0, child.getWidth(), child.getHeight());
      if (child.getAlpha() < 1) canvas.fade(child.getAlpha());
      child.draw(canvas);
      canvas.restore();
    }
  }

  @Override
  public WindowInsets dispatchApplyWindowInsets(WindowInsets insets) {
    WindowInsets left = super.dispatchApplyWindowInsets(insets);
    for (View child : children) child.dispatchApplyWindowInsets(left);
    return left;
  }

  /** What a child wants. */
  public static class LayoutParams {
    public static final int MATCH_PARENT = -1;
    public static final int WRAP_CONTENT = -2;
    public int width;
    public int height;

    public LayoutParams(int width, int height) {
      this.width = width;
      this.height = height;
    }

    public LayoutParams(LayoutParams other) {
      this(other.width, other.height);
    }
  }

  /** What a child wants around it as well. */
  public static class MarginLayoutParams extends LayoutParams {
    public int leftMargin;
    public int topMargin;
    public int rightMargin;
    public int bottomMargin;
    private int start = Integer.MIN_VALUE;
    private int end = Integer.MIN_VALUE;
    private boolean leftwards;

    public MarginLayoutParams(int width, int height) {
      super(width, height);
    }

    public MarginLayoutParams(LayoutParams other) {
      super(other);
    }

    public void setMargins(int left, int top, int right, int bottom) {
      leftMargin = left;
      topMargin = top;
      rightMargin = right;
      bottomMargin = bottom;
    }

    public void setMarginStart(int pixels) {
      start = pixels;
    }

    public void setMarginEnd(int pixels) {
      end = pixels;
    }

    public void resolveLayoutDirection(int direction) {
      leftwards = direction == LAYOUT_DIRECTION_RTL;
    }

    @Hook
    public int leftMargin() {
      int own = leftwards ? end : start;
      return own == Integer.MIN_VALUE ? leftMargin : own;
    }

    @Hook
    public int rightMargin() {
      int own = leftwards ? start : end;
      return own == Integer.MIN_VALUE ? rightMargin : own;
    }
  }
}
