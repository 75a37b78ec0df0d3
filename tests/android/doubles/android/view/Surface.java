package android.view;

import android.media.ImageReader;
import android.os.Parcelable;
import dev.edgeship.doubles.Hook;

/** Where pictures go. */
public class Surface implements Parcelable {
  public static final int ROTATION_0 = 0;
  @Hook public final ImageReader reader;

  @Hook
  public Surface(ImageReader reader) {
    this.reader = reader;
  }
}
