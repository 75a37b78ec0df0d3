package android.view;

import android.content.Context;
import android.content.res.ColorStateList;
import android.content.res.Resources;
import android.graphics.Canvas;
import android.graphics.Rect;
import android.graphics.drawable.ColorDrawable;
import android.graphics.drawable.Drawable;
import android.os.Looper;
import java.util.concurrent.atomic.AtomicInteger;

/** Something on the screen: measured, laid out and drawn as Android does it. */
public class View {
  public static final int NO_ID = -1;
  public static final int VISIBLE = 0;
  public static final int INVISIBLE = 4;
  public static final int GONE = 8;
  public static final int LAYOUT_DIRECTION_LTR = 0;
  public static final int LAYOUT_DIRECTION_RTL = 1;
  public static final int LAYOUT_DIRECTION_INHERIT = 2;
  public static final int LAYOUT_DIRECTION_LOCALE = 3;
  public static final int TEXT_DIRECTION_INHERIT = 0;
  public static final int TEXT_DIRECTION_LTR = 3;
  public static final int TEXT_DIRECTION_LOCALE = 5;
  public static final int TEXT_ALIGNMENT_CENTER = 4;
  public static final int TEXT_ALIGNMENT_VIEW_START = 5;
  public static final int TEXT_ALIGNMENT_VIEW_END = 6;
  public static final int SYSTEM_UI_FLAG_LAYOUT_STABLE = 0x100;
  public static final int SYSTEM_UI_FLAG_LAYOUT_HIDE_NAVIGATION = 0x200;
  public static final int SYSTEM_UI_FLAG_LAYOUT_FULLSCREEN = 0x400;
  public static final int IMPORTANT_FOR_ACCESSIBILITY_YES = 1;
  public static final int IMPORTANT_FOR_ACCESSIBILITY_NO = 2;
  public static final int ACCESSIBILITY_LIVE_REGION_POLITE = 1;

  private static final AtomicInteger IDS = new AtomicInteger(1);

  private final Context context;
  private final int[] padding = new int[4];
  private boolean relativePadding;
  private int id = NO_ID;
  private int left;
  private int top;
  private int right;
  private int bottom;
  private int measuredWidth;
  private int measuredHeight;
  private int minimumWidth;
  private int minimumHeight;
  private int visibility;
  private int direction = LAYOUT_DIRECTION_INHERIT;
  private boolean enabled = true;
  private boolean clickable;
  private boolean focusable;
  private boolean selected;
  private boolean activated;
  private float alpha = 1;
  private Drawable background;
  private CharSequence description;
  private Object tag;
  private ViewGroup.LayoutParams place;
  private OnClickListener clicked;
  private OnLongClickListener held;
  private OnApplyWindowInsetsListener avoiding;
  private int liveRegion;
  private boolean heading;
  private ViewParent parent;

  public View(Context context) {
    this.context = context;
  }

  public final Context getContext() {
    return context;
  }

  public Resources getResources() {
    return context.getResources();
  }

  public static int generateViewId() {
    return IDS.getAndIncrement();
  }

  public void setId(int id) {
    this.id = id;
  }

  public int getId() {
    return id;
  }

  public final View findViewById(int id) {
    return find(id);
  }

  View find(int wanted) {
    return id == wanted ? this : null;
  }

  public Object getTag() {
    return tag;
  }

  public void setTag(Object tag) {
    this.tag = tag;
  }

  public final ViewParent getParent() {
    return parent;
  }

  final void setParent(ViewParent parent) {
    this.parent = parent;
  }

  public ViewGroup.LayoutParams getLayoutParams() {
    return place;
  }

  public void setLayoutParams(ViewGroup.LayoutParams place) {
    if (place == null) throw new NullPointerException("Layout parameters cannot be null");
    this.place = place;
  }

  // --- what others do with it

  public void setOnClickListener(OnClickListener listener) {
    clicked = listener;
    clickable = true;
  }

  public void setOnLongClickListener(OnLongClickListener listener) {
    held = listener;
  }

  public boolean hasOnClickListeners() {
    return clicked != null;
  }

  public boolean performClick() {
    if (clicked == null) return false;
    clicked.onClick(this);
    return true;
  }

  public boolean performLongClick() {
    return held != null && held.onLongClick(this);
  }

  public void setClickable(boolean clickable) {
    this.clickable = clickable;
  }

  public boolean isClickable() {
    return clickable;
  }

  public void setFocusable(boolean focusable) {
    this.focusable = focusable;
  }

  public boolean requestFocus() {
    return focusable;
  }

  public void setEnabled(boolean enabled) {
    this.enabled = enabled;
  }

  public boolean isEnabled() {
    return enabled;
  }

  public void setSelected(boolean selected) {
    this.selected = selected;
  }

  public boolean isSelected() {
    return selected;
  }

  public void setActivated(boolean activated) {
    this.activated = activated;
  }

  public boolean isActivated() {
    return activated;
  }

  public void setContentDescription(CharSequence text) {
    description = text;
  }

  public CharSequence getContentDescription() {
    return description;
  }

  public void setImportantForAccessibility(int mode) {}

  public void setAccessibilityLiveRegion(int mode) {
    liveRegion = mode;
  }

  public int getAccessibilityLiveRegion() {
    return liveRegion;
  }

  public void setAccessibilityHeading(boolean heading) {
    this.heading = heading;
  }

  public boolean isAccessibilityHeading() {
    return heading;
  }

  public void setAccessibilityDelegate(AccessibilityDelegate delegate) {}

  public void announceForAccessibility(CharSequence text) {}

  public boolean post(Runnable work) {
    Looper.getMainLooper().post(this, work, 0);
    return true;
  }

  public boolean postDelayed(Runnable work, long milliseconds) {
    Looper.getMainLooper().post(this, work, milliseconds);
    return true;
  }

  public boolean removeCallbacks(Runnable work) {
    Looper.getMainLooper().remove(this, work);
    return true;
  }

  // --- where it is

  public void setPadding(int left, int top, int right, int bottom) {
    pad(false, left, top, right, bottom);
  }

  public void setPaddingRelative(int start, int top, int end, int bottom) {
    pad(true, start, top, end, bottom);
  }

  private void pad(boolean relative, int first, int top, int second, int bottom) {
    relativePadding = relative;
    padding[0] = first;
    padding[1] = top;
    padding[2] = second;
    padding[3] = bottom;
  }

  public int getPaddingLeft() {
    return padding[relativePadding && isRtl() ? 2 : 0];
  }

  public int getPaddingTop() {
    return padding[1];
  }

  public int getPaddingRight() {
    return padding[relativePadding && isRtl() ? 0 : 2];
  }

  public int getPaddingBottom() {
    return padding[3];
  }

  public int getPaddingStart() {
    return isRtl() ? getPaddingRight() : getPaddingLeft();
  }

  public int getPaddingEnd() {
    return isRtl() ? getPaddingLeft() : getPaddingRight();
  }

  public void setLayoutDirection(int direction) {
    this.direction = direction;
  }

  public int getLayoutDirection() {
    if (direction == LAYOUT_DIRECTION_LTR || direction == LAYOUT_DIRECTION_RTL) return direction;
    if (direction == LAYOUT_DIRECTION_INHERIT && parent instanceof View) {
      return ((View) parent).getLayoutDirection();
    }
    return getResources().getConfiguration().getLayoutDirection();
  }

  final boolean isRtl() {
    return getLayoutDirection() == LAYOUT_DIRECTION_RTL;
  }

  public void setTextDirection(int direction) {}

  public void setTextAlignment(int alignment) {}

  public final int getLeft() {
    return left;
  }

  public final int getTop() {
    return top;
  }

  public final int getRight() {
    return right;
  }

  public final int getBottom() {
    return bottom;
  }

  public final int getWidth() {
    return right - left;
  }

  public final int getHeight() {
    return bottom - top;
  }

  public void setMinimumWidth(int pixels) {
    minimumWidth = pixels;
  }

  public void setMinimumHeight(int pixels) {
    minimumHeight = pixels;
  }

  public int getMinimumHeight() {
    return minimumHeight;
  }

  protected int getSuggestedMinimumWidth() {
    return Math.max(minimumWidth, background == null ? 0 : background.getMinimumWidth());
  }

  protected int getSuggestedMinimumHeight() {
    return Math.max(minimumHeight, background == null ? 0 : background.getMinimumHeight());
  }

  public final void measure(int width, int height) {
    onMeasure(width, height);
  }

  protected void onMeasure(int width, int height) {
    setMeasuredDimension(
        getDefaultSize(getSuggestedMinimumWidth(), width),
        getDefaultSize(getSuggestedMinimumHeight(), height));
  }

  protected final void setMeasuredDimension(int width, int height) {
    measuredWidth = width;
    measuredHeight = height;
  }

  public final int getMeasuredWidth() {
    return measuredWidth;
  }

  public final int getMeasuredHeight() {
    return measuredHeight;
  }

  public static int getDefaultSize(int size, int spec) {
    return MeasureSpec.getMode(spec) == MeasureSpec.UNSPECIFIED ? size : MeasureSpec.getSize(spec);
  }

  public static int resolveSize(int size, int spec) {
    switch (MeasureSpec.getMode(spec)) {
      case MeasureSpec.EXACTLY:
        return MeasureSpec.getSize(spec);
      case MeasureSpec.AT_MOST:
        return Math.min(size, MeasureSpec.getSize(spec));
      default:
        return size;
    }
  }

  public void layout(int left, int top, int right, int bottom) {
    boolean changed =
        this.left != left || this.top != top || this.right != right || this.bottom != bottom;
    int oldWidth = getWidth();
    int oldHeight = getHeight();
    this.left = left;
    this.top = top;
    this.right = right;
    this.bottom = bottom;
    if (getWidth() != oldWidth || getHeight() != oldHeight) {
      onSizeChanged(getWidth(), getHeight(), oldWidth, oldHeight);
    }
    onLayout(changed, left, top, right, bottom);
  }

  protected void onLayout(boolean changed, int left, int top, int right, int bottom) {}

  protected void onSizeChanged(int width, int height, int oldWidth, int oldHeight) {}

  public void requestLayout() {}

  public void invalidate() {}

  public void postInvalidate() {}

  public void setOnApplyWindowInsetsListener(OnApplyWindowInsetsListener listener) {
    avoiding = listener;
  }

  public WindowInsets onApplyWindowInsets(WindowInsets insets) {
    return insets;
  }

  public void requestApplyInsets() {}

  public WindowInsets dispatchApplyWindowInsets(WindowInsets insets) {
    return avoiding == null
        ? onApplyWindowInsets(insets)
        : avoiding.onApplyWindowInsets(this, insets);
  }

  public void setSystemUiVisibility(int flags) {}

  public void setFitsSystemWindows(boolean fits) {}

  // --- how it looks

  public void setVisibility(int visibility) {
    this.visibility = visibility;
  }

  public int getVisibility() {
    return visibility;
  }

  public void setAlpha(float alpha) {
    this.alpha = alpha;
  }

  public float getAlpha() {
    return alpha;
  }

  public void setElevation(float pixels) {}

  public void setClipToOutline(boolean clip) {}

  public void setKeepScreenOn(boolean on) {}

  public void setBackground(Drawable drawable) {
    background = drawable;
    Rect inner = new Rect();
    if (drawable != null && drawable.getPadding(inner)) {
      setPadding(inner.left, inner.top, inner.right, inner.bottom);
    }
  }

  public Drawable getBackground() {
    return background;
  }

  public void setBackgroundColor(int color) {
    background = new ColorDrawable(color);
  }

  public void setBackgroundResource(int id) {
    setBackground(id == 0 ? null : getResources().getDrawable(id, null));
  }

  public void setBackgroundTintList(ColorStateList tint) {
    if (background != null) background.setTintList(tint);
  }

  public void setForeground(Drawable drawable) {}

  public void draw(Canvas canvas) {
    if (background != null) {
      background.setEnabled(enabled);
      background.setBounds(0, 0, getWidth(), getHeight());
      background.draw(canvas);
    }
    onDraw(canvas);
    dispatchDraw(canvas);
  }

  protected void onDraw(Canvas canvas) {}

  protected void dispatchDraw(Canvas canvas) {}

  /** Hears of clicks. */
  public interface OnClickListener {
    void onClick(View view);
  }

  /** Hears of long clicks. */
  public interface OnLongClickListener {
    boolean onLongClick(View view);
  }

  /** Hears of where the system's bars are. */
  public interface OnApplyWindowInsetsListener {
    WindowInsets onApplyWindowInsets(View view, WindowInsets insets);
  }

  /** Tells screen readers what a view is. */
  public static class AccessibilityDelegate {
    public void onInitializeAccessibilityNodeInfo(
        View host, android.view.accessibility.AccessibilityNodeInfo info) {}
  }

  /** How large a view may be: a size and what it means, in one number. */
  public static class MeasureSpec {
    private static final int MASK = 3 << 30;
    public static final int UNSPECIFIED = 0;
    public static final int EXACTLY = 1 << 30;
    public static final int AT_MOST = 2 << 30;

    public static int makeMeasureSpec(int size, int mode) {
      return size & ~MASK | mode & MASK;
    }

    public static int getMode(int spec) {
      return spec & MASK;
    }

    public static int getSize(int spec) {
      return spec & ~MASK;
    }
  }
}
