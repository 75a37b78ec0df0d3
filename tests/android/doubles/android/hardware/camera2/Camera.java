package android.hardware.camera2;

import android.os.Handler;
import android.view.Surface;
import java.util.List;

/** A camera that looks at the scene, and its only session. */
final class Camera extends CameraDevice {
  private static final long EVERY_MS = 33;

  private final CameraDevice.StateCallback told;
  private final Handler handler;
  private volatile boolean closed;

  Camera(CameraDevice.StateCallback told, Handler handler) {
    this.told = told;
    this.handler = handler;
  }

  @Override
  public void close() {
    if (closed) return;
    closed = true;
    handler.post(() -> told.onClosed(this));
  }

  @Override
  public CaptureRequest.Builder createCaptureRequest(int template) {
    return new CaptureRequest.Builder();
  }

  @Override
  public void createCaptureSession(
      List<Surface> outputs, CameraCaptureSession.StateCallback told, Handler handler) {
    CameraCaptureSession session = new Session();
    handler.post(() -> told.onConfigured(session));
  }

  private final class Session extends CameraCaptureSession {
    @Override
    public CameraDevice getDevice() {
      return Camera.this;
    }

    @Override
    public int setRepeatingRequest(
        CaptureRequest request, CameraCaptureSession.CaptureCallback told, Handler handler) {
      repeat(request, handler);
      return 0;
    }

    private void repeat(CaptureRequest request, Handler handler) {
      if (closed || !request.target().reader.deliver()) return;
      handler.postDelayed(() -> repeat(request, handler), EVERY_MS);
    }
  }
}
