package android.hardware.camera2;

import android.util.AndroidException;

/** A camera cannot be used. */
public class CameraAccessException extends AndroidException {
  public static final int CAMERA_IN_USE = 4;

  public CameraAccessException(int problem) {
    super("problem " + problem);
  }
}
