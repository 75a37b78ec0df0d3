package android.hardware.camera2;

import android.os.Handler;
import dev.edgeship.doubles.Hook;
import dev.edgeship.doubles.Scene;

/** The phone's cameras: one if there is a scene. */
public final class CameraManager {
  @Hook
  public CameraManager() {}

  public String[] getCameraIdList() throws CameraAccessException {
    return Scene.path() == null ? new String[0] : new String[] {"0"};
  }

  public CameraCharacteristics getCameraCharacteristics(String id) throws CameraAccessException {
    return new CameraCharacteristics();
  }

  public void openCamera(String id, CameraDevice.StateCallback told, Handler handler)
      throws CameraAccessException {
    CameraDevice opened = new Camera(told, handler);
    handler.post(() -> told.onOpened(opened));
  }
}
