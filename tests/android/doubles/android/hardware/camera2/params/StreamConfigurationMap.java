package android.hardware.camera2.params;

import android.util.Size;
import dev.edgeship.doubles.Hook;

/** Which pictures a camera makes. */
public final class StreamConfigurationMap {
  @Hook
  public StreamConfigurationMap() {}

  public Size[] getOutputSizes(int format) {
    return new Size[] {new Size(1920, 1080), new Size(640, 480), new Size(320, 240)};
  }
}
