package android.graphics;

import dev.edgeship.doubles.Hook;
import java.awt.Font;
import java.awt.font.FontRenderContext;

/** How something is drawn. */
public class Paint {
  public static final int ANTI_ALIAS_FLAG = 1;
  private static final FontRenderContext CONTEXT = new FontRenderContext(null, true, true);

  private int color = 0xff000000;
  private float textSize = 12;
  private float strokeWidth;
  private Style style = Style.FILL;
  private Align align = Align.LEFT;
  private Typeface typeface = Typeface.DEFAULT;

  public Paint() {}

  public Paint(int flags) {}

  public void setAntiAlias(boolean on) {}

  public void setColor(int color) {
    this.color = color;
  }

  public int getColor() {
    return color;
  }

  public void setAlpha(int alpha) {
    color = color & 0xffffff | alpha << 24;
  }

  public void setStyle(Style style) {
    this.style = style;
  }

  public Style getStyle() {
    return style;
  }

  public void setStrokeWidth(float width) {
    strokeWidth = width;
  }

  public float getStrokeWidth() {
    return strokeWidth;
  }

  public void setTextSize(float pixels) {
    textSize = pixels;
  }

  public float getTextSize() {
    return textSize;
  }

  public void setTextAlign(Align align) {
    this.align = align;
  }

  public Align getTextAlign() {
    return align;
  }

  public Typeface setTypeface(Typeface typeface) {
    this.typeface = typeface == null ? Typeface.DEFAULT : typeface;
    return typeface;
  }

  public Typeface getTypeface() {
    return typeface;
  }

  public float measureText(String text) {
    return (float) font().getStringBounds(text, CONTEXT).getWidth();
  }

  public float ascent() {
    return -font().getLineMetrics("X", CONTEXT).getAscent();
  }

  public float descent() {
    return font().getLineMetrics("X", CONTEXT).getDescent();
  }

  @Hook
  public Font font() {
    return typeface.font().deriveFont(textSize);
  }

  @Hook
  public FontRenderContext context() {
    return CONTEXT;
  }

  /** What is drawn of a shape. */
  public enum Style {
    FILL,
    STROKE,
    FILL_AND_STROKE
  }

  /** Where the text lies from its point. */
  public enum Align {
    LEFT,
    CENTER,
    RIGHT
  }
}
