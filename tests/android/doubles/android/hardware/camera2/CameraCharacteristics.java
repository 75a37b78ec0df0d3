package android.hardware.camera2;

import android.hardware.camera2.params.StreamConfigurationMap;
import dev.edgeship.doubles.Hook;

/** What a camera is. This one looks out of the back and is not turned. */
public final class CameraCharacteristics extends CameraMetadata<CameraCharacteristics.Key<?>> {
  public static final Key<Integer> LENS_FACING = new Key<>(CameraMetadata.LENS_FACING_BACK);
  public static final Key<Integer> SENSOR_ORIENTATION = new Key<>(0);
  public static final Key<StreamConfigurationMap> SCALER_STREAM_CONFIGURATION_MAP =
      new Key<>(new StreamConfigurationMap());

  @Hook
  CameraCharacteristics() {}

  public <T> T get(Key<T> key) {
    return key.value;
  }

  /** Something that is known of it. */
  public static final class Key<T> {
    private final T value;

    Key(T value) {
      this.value = value;
    }
  }
}
