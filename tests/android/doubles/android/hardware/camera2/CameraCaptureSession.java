package android.hardware.camera2;

import android.os.Handler;

/** A camera at work. */
public abstract class CameraCaptureSession implements AutoCloseable {
  public abstract CameraDevice getDevice();

  public abstract int setRepeatingRequest(
      CaptureRequest request, CaptureCallback told, Handler handler) throws CameraAccessException;

  @Override
  public void close() {}

  /** Hears of it. */
  public abstract static class StateCallback {
    public abstract void onConfigured(CameraCaptureSession session);

    public abstract void onConfigureFailed(CameraCaptureSession session);
  }

  /** Hears of pictures. */
  public abstract static class CaptureCallback {}
}
