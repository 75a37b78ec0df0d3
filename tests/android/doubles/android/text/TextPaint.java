package android.text;

import android.graphics.Paint;

/** How text is drawn. */
public class TextPaint extends Paint {
  public TextPaint() {}
}
