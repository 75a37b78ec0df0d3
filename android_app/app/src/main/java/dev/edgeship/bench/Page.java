package dev.edgeship.bench;

import android.app.Activity;
import android.content.res.Resources;
import android.util.TypedValue;
import android.view.Gravity;
import android.view.View;
import android.view.ViewGroup;
import android.view.WindowInsets;
import android.widget.Button;
import android.widget.LinearLayout;
import android.widget.ScrollView;
import android.widget.TextView;

/** A screen: one column that scrolls, clear of the system's bars and of cutouts. */
final class Page {
  private final Activity activity;
  private final ScrollView scroll;
  private final LinearLayout column;

  Page(Activity activity) {
    this.activity = activity;
    int margin = dimension(R.dimen.margin);
    column = new LinearLayout(activity);
    column.setOrientation(LinearLayout.VERTICAL);
    column.setPaddingRelative(margin, margin, margin, margin);
    scroll = new ScrollView(activity);
    scroll.setFillViewport(true);
    scroll.setClipToPadding(false);
    scroll.addView(column);
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

  /** Adds the screen's title. */
  TextView title(int text) {
    TextView view = text(activity.getText(text), R.dimen.text_title);
    activity.setTitle(text);
    return view;
  }

  /** Adds a paragraph. */
  TextView text(int text) {
    return text(activity.getText(text));
  }

  /** Adds a paragraph. */
  TextView text(CharSequence text) {
    return text(text, R.dimen.text_body);
  }

  /** Adds a button. */
  Button button(int text, Runnable pressed) {
    Button button = new Button(activity);
    button.setText(text);
    button.setAllCaps(false);
    button.setTextSize(TypedValue.COMPLEX_UNIT_PX, dimension(R.dimen.text_body));
    button.setMinHeight(dimension(R.dimen.touch));
    button.setOnClickListener(view -> pressed.run());
    add(button);
    return button;
  }

  /** Adds any view, as wide as the page. */
  void add(View view) {
    LinearLayout.LayoutParams place =
        new LinearLayout.LayoutParams(
            ViewGroup.LayoutParams.MATCH_PARENT, ViewGroup.LayoutParams.WRAP_CONTENT);
    place.bottomMargin = dimension(R.dimen.gap);
    column.addView(view, place);
  }

  private TextView text(CharSequence text, int size) {
    TextView view = new TextView(activity);
    view.setText(text);
    view.setTextSize(TypedValue.COMPLEX_UNIT_PX, activity.getResources().getDimension(size));
    view.setGravity(Gravity.START);
    view.setTextDirection(View.TEXT_DIRECTION_LOCALE);
    view.setTextIsSelectable(true);
    add(view);
    return view;
  }

  private int dimension(int id) {
    Resources resources = activity.getResources();
    return resources.getDimensionPixelSize(id);
  }
}
