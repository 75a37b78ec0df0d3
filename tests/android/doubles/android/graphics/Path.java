package android.graphics;

import dev.edgeship.doubles.Hook;
import java.awt.Shape;
import java.awt.geom.Path2D;

/** Lines and curves. */
public class Path {
  private final Path2D.Float path = new Path2D.Float();

  public void moveTo(float x, float y) {
    path.moveTo(x, y);
  }

  public void lineTo(float x, float y) {
    path.lineTo(x, y);
  }

  public void close() {
    path.closePath();
  }

  public void reset() {
    path.reset();
  }

  @Hook
  public Shape shape() {
    return path;
  }
}
