package android.graphics;

import android.os.Parcelable;

/** A rectangle of whole numbers. */
public final class Rect implements Parcelable {
  public int left;
  public int top;
  public int right;
  public int bottom;

  public Rect() {}

  public Rect(int left, int top, int right, int bottom) {
    set(left, top, right, bottom);
  }

  public void set(int left, int top, int right, int bottom) {
    this.left = left;
    this.top = top;
    this.right = right;
    this.bottom = bottom;
  }

  public final int width() {
    return right - left;
  }

  public final int height() {
    return bottom - top;
  }
}
