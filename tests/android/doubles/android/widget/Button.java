package android.widget;

import android.content.Context;
import android.graphics.Typeface;
import android.graphics.drawable.GradientDrawable;
import android.graphics.drawable.InsetDrawable;
import android.graphics.drawable.RippleDrawable;
import android.view.Gravity;

/** A button as the theme Material has it. */
public class Button extends TextView {
  public Button(Context context) {
    super(context);
    float density = getResources().getDisplayMetrics().density;
    setGravity(Gravity.CENTER);
    setAllCaps(true);
    setTypeface(Typeface.create("sans-serif-medium", Typeface.NORMAL));
    setClickable(true);
    setFocusable(true);
    setMinHeight(Math.round(48 * density));
    setMinimumWidth(Math.round(88 * density));
    GradientDrawable face = new GradientDrawable();
    face.setColor(getResources().table().attribute("android:colorButtonNormal"));
    face.setCornerRadius(2 * density);
    int across = Math.round(4 * density);
    int along = Math.round(6 * density);
    setBackground(new RippleDrawable(null, new InsetDrawable(face, across, along, across, along), null));
    setPadding(2 * across, 2 * across, 2 * across, 2 * across);
  }
}
