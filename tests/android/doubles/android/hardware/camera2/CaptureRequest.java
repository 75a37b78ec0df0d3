package android.hardware.camera2;

import android.view.Surface;
import dev.edgeship.doubles.Hook;

/** What a camera is to do. */
public final class CaptureRequest {
  private final Surface target;

  private CaptureRequest(Surface target) {
    this.target = target;
  }

  @Hook
  public Surface target() {
    return target;
  }

  /** Makes one. */
  public static final class Builder {
    private Surface target;

    Builder() {}

    public void addTarget(Surface surface) {
      target = surface;
    }

    public CaptureRequest build() {
      return new CaptureRequest(target);
    }
  }
}
