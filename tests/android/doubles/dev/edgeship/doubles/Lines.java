package dev.edgeship.doubles;

import android.graphics.Canvas;
import android.graphics.Paint;
import android.view.Gravity;
import java.awt.Color;
import java.awt.Font;
import java.awt.font.LineBreakMeasurer;
import java.awt.font.TextAttribute;
import java.awt.font.TextLayout;
import java.text.AttributedString;
import java.util.ArrayList;
import java.util.List;

/** A text broken into lines. */
public final class Lines {
  private final List<TextLayout> layouts = new ArrayList<>();
  private boolean whole = true;
  private final float ascent;
  private final float advance;
  private final float lineHeight;

  /**
   * Breaks a text.
   *
   * @param room the width that it has, in pixels
   * @param most the most lines that are kept
   */
  public Lines(String text, Paint paint, int room, int most, float factor, float extra) {
    ascent = -paint.ascent();
    lineHeight = ascent + paint.descent();
    advance = lineHeight * factor + extra;
    for (String paragraph : text.split("\n", -1)) {
      if (paragraph.isEmpty()) layouts.add(null);
      else breakUp(paragraph, paint, room);
    }
    while (layouts.size() > most) {
      layouts.remove(layouts.size() - 1);
      whole = false;
    }
  }

  private void breakUp(String paragraph, Paint paint, int room) {
    AttributedString styled = new AttributedString(paragraph);
    Font font = paint.font();
    styled.addAttribute(TextAttribute.FONT, font);
    for (int i = 0; i < paragraph.length(); i++) {
      if (font.canDisplay(paragraph.charAt(i))) continue;
      // Letters of other scripts come from another font, as on a phone.
      Font other = new Font(Font.SANS_SERIF, Font.PLAIN, 1).deriveFont(font.getSize2D());
      styled.addAttribute(TextAttribute.FONT, other, i, i + 1);
    }
    LineBreakMeasurer measurer = new LineBreakMeasurer(styled.getIterator(), paint.context());
    while (measurer.getPosition() < paragraph.length()) {
      int start = measurer.getPosition();
      layouts.add(measurer.nextLayout(Math.max(1, room)));
      int end = measurer.getPosition();
      // A word that is broken because it is longer than a line.
      whole &= end == paragraph.length() || Character.isWhitespace(paragraph.charAt(end - 1))
          || !Character.isLetterOrDigit(paragraph.charAt(end - 1)) || start == end;
    }
  }

  /** Whether no line is missing and no word is broken. */
  public boolean isWhole() {
    return whole;
  }

  public float width() {
    float widest = 0;
    for (TextLayout layout : layouts) {
      if (layout != null) widest = Math.max(widest, layout.getVisibleAdvance());
    }
    return widest;
  }

  public float height() {
    return layouts.isEmpty() ? 0 : lineHeight + advance * (layouts.size() - 1);
  }

  /** Draws them below a point, between it and a point to its right. */
  public void draw(Canvas canvas, float x, float y, float width, int gravity) {
    float base = y + ascent;
    for (TextLayout layout : layouts) {
      if (layout != null) {
        float free = width - layout.getVisibleAdvance();
        float from = gravity == Gravity.RIGHT ? free : gravity == Gravity.CENTER_HORIZONTAL ? free / 2 : 0;
        layout.draw(canvas.graphics(), x + from, base);
      }
      base += advance;
    }
  }

  /** Sets the color of what is drawn next. */
  public static void color(Canvas canvas, int color) {
    canvas.graphics().setColor(new Color(color, true));
  }
}
