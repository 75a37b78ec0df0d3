package dev.edgeship.bench;

import android.content.Context;
import android.content.res.ColorStateList;
import android.graphics.Typeface;
import android.graphics.drawable.GradientDrawable;
import android.graphics.drawable.RippleDrawable;
import android.util.TypedValue;
import android.view.Gravity;
import android.view.View;
import android.view.ViewGroup;
import android.widget.Button;
import android.widget.LinearLayout;
import android.widget.RadioButton;
import android.widget.RadioGroup;
import android.widget.TextView;

/** Views below one another, which all screens are made of. */
final class Column {
  private final Context context;
  private final LinearLayout views;

  Column(Context context) {
    this.context = context;
    views = new LinearLayout(context);
    views.setOrientation(LinearLayout.VERTICAL);
  }

  /** Returns the view that holds the others. */
  LinearLayout view() {
    return views;
  }

  /** Leaves room at all sides. */
  void pad(int dimension) {
    int room = pixels(dimension);
    views.setPaddingRelative(room, room, room, room);
  }

  /** Removes all that is in it. */
  void clear() {
    views.removeAllViews();
  }

  /** Adds a column that is filled later. */
  Column part() {
    Column part = new Column(context);
    add(part.views);
    return part;
  }

  /** Adds a column on a surface of its own. */
  Column card() {
    Column card = new Column(context);
    GradientDrawable surface = new GradientDrawable();
    surface.setColor(context.getColor(R.color.card));
    surface.setCornerRadius(pixels(R.dimen.corner));
    card.views.setBackground(surface);
    card.pad(R.dimen.card);
    add(card.views);
    return card;
  }

  /** Adds what stands above a part of the screen. */
  TextView heading(int text) {
    return heading(context.getText(text));
  }

  /** Adds what stands above a part of the screen. */
  TextView heading(CharSequence text) {
    TextView view = text(text, R.dimen.text_heading, R.color.text);
    view.setTypeface(Typeface.DEFAULT, Typeface.BOLD);
    NewerAndroid.markHeading(view);
    if (views.getChildCount() > 1) {
      ((LinearLayout.LayoutParams) view.getLayoutParams()).topMargin = pixels(R.dimen.section);
    }
    return view;
  }

  /** Adds what people look for, or what the screen is about, in large type. */
  TextView large(CharSequence text, int size) {
    return text(text, size, R.color.text);
  }

  /** Adds a paragraph. */
  TextView text(CharSequence text) {
    return text(text, R.dimen.text_body, R.color.text);
  }

  /** Adds a paragraph. */
  TextView text(int text) {
    return text(context.getText(text));
  }

  /** Adds a paragraph of less weight. */
  TextView note(CharSequence text) {
    return text(text, R.dimen.text_note, R.color.text_quiet);
  }

  /** Adds a button. */
  Button button(int text, Runnable pressed) {
    return button(text, R.color.tonal, R.color.on_quiet, pressed);
  }

  /** Adds the button that most people come for. */
  Button mainButton(int text, Runnable pressed) {
    return button(text, R.color.primary, R.color.on_accent, pressed);
  }

  private Button button(int text, int fill, int words, Runnable pressed) {
    Button button = new Button(context);
    button.setText(text);
    button.setTextColor(context.getColor(words));
    button.setAllCaps(false);
    size(button, R.dimen.text_body);
    button.setMinHeight(pixels(R.dimen.touch));
    GradientDrawable surface = new GradientDrawable();
    surface.setColor(context.getColorStateList(fill));
    surface.setCornerRadius(pixels(R.dimen.button_corner));
    ColorStateList touch = ColorStateList.valueOf(context.getColor(R.color.touch));
    button.setBackground(new RippleDrawable(touch, surface, null));
    button.setOnClickListener(view -> pressed.run());
    add(button);
    return button;
  }

  /** What is told when somebody chooses. */
  interface Chosen {
    void at(int index);
  }

  /**
   * Adds a choice of one out of some short words.
   *
   * @param spoken what a screen reader says for each word
   */
  void choice(String[] words, String[] spoken, int chosen, Chosen told) {
    choice(LinearLayout.HORIZONTAL, words, spoken, chosen, told);
  }

  /** Adds a choice of one out of some names, below one another. */
  void list(String[] names, int chosen, Chosen told) {
    choice(LinearLayout.VERTICAL, names, names, chosen, told);
  }

  private void choice(
      int orientation, String[] words, String[] spoken, int chosen, Chosen told) {
    RadioGroup group = new RadioGroup(context);
    group.setOrientation(orientation);
    for (int i = 0; i < words.length; i++) {
      RadioButton button = new RadioButton(context);
      int index = i;
      button.setId(View.generateViewId());
      button.setText(words[i]);
      button.setContentDescription(spoken[i]);
      button.setMinHeight(pixels(R.dimen.touch));
      button.setButtonTintList(ColorStateList.valueOf(context.getColor(R.color.accent)));
      size(button, R.dimen.text_body);
      button.setOnClickListener(view -> told.at(index));
      boolean below = orientation == LinearLayout.VERTICAL;
      int width = below ? ViewGroup.LayoutParams.MATCH_PARENT : 0; // or an equal share
      group.addView(
          button,
          new LinearLayout.LayoutParams(
              width, ViewGroup.LayoutParams.WRAP_CONTENT, below ? 0 : 1));
      if (i == chosen) group.check(button.getId());
    }
    add(group);
  }

  /** Adds any view, as wide as the column and as high as it wants to be. */
  void add(View view) {
    add(view, ViewGroup.LayoutParams.WRAP_CONTENT);
  }

  /** Adds any view, as wide as the column, and of a height in pixels; see LayoutParams. */
  void add(View view, int height) {
    LinearLayout.LayoutParams place =
        new LinearLayout.LayoutParams(ViewGroup.LayoutParams.MATCH_PARENT, height);
    if (views.getChildCount() > 0) place.topMargin = pixels(R.dimen.gap);
    views.addView(view, place);
  }

  private TextView text(CharSequence text, int size, int color) {
    TextView view = new TextView(context);
    view.setText(text);
    view.setTextColor(context.getColor(color));
    view.setGravity(Gravity.START);
    view.setTextAlignment(View.TEXT_ALIGNMENT_VIEW_START);
    size(view, size);
    add(view);
    return view;
  }

  private void size(TextView view, int dimension) {
    float pixels = context.getResources().getDimension(dimension);
    view.setTextSize(TypedValue.COMPLEX_UNIT_PX, pixels);
  }

  private int pixels(int dimension) {
    return context.getResources().getDimensionPixelSize(dimension);
  }
}
