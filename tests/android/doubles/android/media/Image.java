package android.media;

import dev.edgeship.doubles.Hook;
import java.nio.ByteBuffer;

/** A picture that a camera made. */
public abstract class Image implements AutoCloseable {
  @Hook
  protected Image() {}

  public abstract int getWidth();

  public abstract int getHeight();

  public abstract Plane[] getPlanes();

  @Override
  public abstract void close();

  /** Its brightness, or one of its two colors. */
  public abstract static class Plane {
    @Hook
    protected Plane() {}

    public abstract int getRowStride();

    public abstract int getPixelStride();

    public abstract ByteBuffer getBuffer();
  }
}
