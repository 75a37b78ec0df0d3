package android.hardware.camera2;

/** Numbers for cameras. */
public abstract class CameraMetadata<TKey> {
  public static final int LENS_FACING_FRONT = 0;
  public static final int LENS_FACING_BACK = 1;
}
