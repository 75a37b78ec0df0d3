package android.graphics;

import dev.edgeship.doubles.Hook;
import java.awt.AlphaComposite;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.awt.geom.RoundRectangle2D;
import java.util.ArrayDeque;
import java.util.Deque;

/** What is drawn on: Java2D's. */
public class Canvas {
  private final Deque<Graphics2D> saved = new ArrayDeque<>();
  private Graphics2D graphics;
  private float alpha = 1;

  @Hook
  public Canvas(Graphics2D graphics) {
    this.graphics = graphics;
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    graphics.setRenderingHint(
        RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
    graphics.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
  }

  @Hook
  public Graphics2D graphics() {
    return graphics;
  }

  @Hook
  public void fade(float alpha) {
    graphics.setComposite(AlphaComposite.getInstance(AlphaComposite.SRC_OVER, alpha));
  }

  public int save() {
    saved.push(graphics);
    graphics = (Graphics2D) graphics.create();
    return saved.size();
  }

  public void restore() {
    graphics.dispose();
    graphics = saved.pop();
  }

  public void restoreToCount(int count) {
    while (saved.size() >= count) restore();
  }

  public void translate(float x, float y) {
    graphics.translate(x, y);
  }

  public void scale(float x, float y) {
    graphics.scale(x, y);
  }

  public final void rotate(float degrees, float x, float y) {
    graphics.rotate(Math.toRadians(degrees), x, y);
  }

  public boolean clipRect(int left, int top, int right, int bottom) {
    graphics.clipRect(left, top, right - left, bottom - top);
    return true;
  }

  public void drawColor(int color) {
    graphics.setColor(new Color(color, true));
    graphics.fill(graphics.getClip());
  }

  public void drawRect(float left, float top, float right, float bottom, Paint paint) {
    draw(new Rectangle2D.Float(left, top, right - left, bottom - top), paint);
  }

  public void drawRoundRect(
      float left, float top, float right, float bottom, float x, float y, Paint paint) {
    draw(new RoundRectangle2D.Float(left, top, right - left, bottom - top, 2 * x, 2 * y), paint);
  }

  public void drawCircle(float x, float y, float radius, Paint paint) {
    draw(new Ellipse2D.Float(x - radius, y - radius, 2 * radius, 2 * radius), paint);
  }

  public void drawLine(float x0, float y0, float x1, float y1, Paint paint) {
    graphics.setColor(new Color(paint.getColor(), true));
    graphics.setStroke(stroke(paint));
    graphics.draw(new Line2D.Float(x0, y0, x1, y1));
  }

  public void drawText(String text, float x, float y, Paint paint) {
    graphics.setColor(new Color(paint.getColor(), true));
    graphics.setFont(paint.font());
    float width = paint.measureText(text);
    Paint.Align align = paint.getTextAlign();
    float start = align == Paint.Align.RIGHT ? x - width : align == Paint.Align.CENTER ? x - width / 2 : x;
    graphics.drawString(text, start, y);
  }

  public void drawBitmap(Bitmap bitmap, Rect from, RectF to, Paint paint) {
    Rect part = from == null ? new Rect(0, 0, bitmap.getWidth(), bitmap.getHeight()) : from;
    graphics.drawImage(
        bitmap.image(), (int) to.left, (int) to.top, (int) to.right, (int) to.bottom,
        part.left, part.top, part.right, part.bottom, null);
  }

  public void drawBitmap(Bitmap bitmap, float x, float y, Paint paint) {
    graphics.drawImage(bitmap.image(), AffineTransform.getTranslateInstance(x, y), null);
  }

  public void drawPath(Path path, Paint paint) {
    draw(path.shape(), paint);
  }

  private void draw(Shape shape, Paint paint) {
    graphics.setColor(new Color(paint.getColor(), true));
    if (paint.getStyle() != Paint.Style.STROKE) graphics.fill(shape);
    if (paint.getStyle() != Paint.Style.FILL) {
      graphics.setStroke(stroke(paint));
      graphics.draw(shape);
    }
  }

  private static BasicStroke stroke(Paint paint) {
    return new BasicStroke(Math.max(1, paint.getStrokeWidth()), BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
  }
}
