package android.media;

import android.os.Handler;
import android.view.Surface;
import dev.edgeship.doubles.Hook;
import dev.edgeship.doubles.Scene;
import java.io.IOException;

/** Takes a camera's pictures; here, the same one again and again. */
public class ImageReader implements AutoCloseable {
  private final int width;
  private final int height;
  private OnImageAvailableListener listener;
  private Handler handler;
  private boolean closed;

  @Hook
  protected ImageReader(int width, int height) {
    this.width = width;
    this.height = height;
  }

  public static ImageReader newInstance(int width, int height, int format, int most) {
    return new ImageReader(width, height);
  }

  public Surface getSurface() {
    return new Surface(this);
  }

  public void setOnImageAvailableListener(OnImageAvailableListener listener, Handler handler) {
    this.listener = listener;
    this.handler = handler;
  }

  public Image acquireLatestImage() {
    if (closed) throw new IllegalStateException("the reader is closed");
    try {
      return Scene.frame(width, height);
    } catch (IOException error) {
      throw new IllegalStateException(error);
    }
  }

  @Override
  public void close() {
    closed = true;
  }

  /** Tells, as a camera does, that there is a picture; returns whether somebody still wants one. */
  @Hook
  public boolean deliver() {
    if (closed) return false;
    handler.post(
        () -> {
          if (!closed) listener.onImageAvailable(this);
        });
    return true;
  }

  /** Hears of pictures. */
  public interface OnImageAvailableListener {
    void onImageAvailable(ImageReader reader);
  }
}
