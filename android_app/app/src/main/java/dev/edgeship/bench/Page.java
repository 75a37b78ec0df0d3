package dev.edgeship.bench;

import android.app.Activity;
import android.view.View;
import android.view.WindowInsets;
import android.widget.ScrollView;

/** A screen: one column that scrolls, clear of the system's bars and of cutouts. */
final class Page {
  private final Activity activity;
  private final ScrollView scroll;

  /** What stands on it. */
  final Column column;

  /**
   * Begins a screen.
   *
   * @param title which the screen begins with, and which screen readers tell
   */
  Page(Activity activity, int title) {
    this.activity = activity;
    column = new Column(activity);
    column.pad(R.dimen.margin);
    activity.setTitle(title);
    NewerAndroid.markHeading(column.large(activity.getText(title), R.dimen.text_title));
    scroll = new ScrollView(activity);
    scroll.setFillViewport(true);
    scroll.setClipToPadding(false);
    scroll.addView(column.view());
  }

  /** Puts it on the screen, under the system's bars too. */
  void show() {
    scroll.setSystemUiVisibility(
        View.SYSTEM_UI_FLAG_LAYOUT_STABLE
            | View.SYSTEM_UI_FLAG_LAYOUT_FULLSCREEN
            | View.SYSTEM_UI_FLAG_LAYOUT_HIDE_NAVIGATION);
    scroll.setOnApplyWindowInsetsListener(Page::avoid);
    activity.setContentView(scroll);
  }

  private static WindowInsets avoid(View view, WindowInsets insets) {
    int[] cutout = NewerAndroid.cutout(insets);
    view.setPadding(
        Math.max(insets.getSystemWindowInsetLeft(), cutout[0]),
        Math.max(insets.getSystemWindowInsetTop(), cutout[1]),
        Math.max(insets.getSystemWindowInsetRight(), cutout[2]),
        Math.max(insets.getSystemWindowInsetBottom(), cutout[3]));
    return insets;
  }
}
