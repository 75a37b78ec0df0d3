package android.content.res;

import dev.edgeship.doubles.Hook;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Files in the APK; there they lie unpacked. */
public final class AssetManager {
  @Hook
  AssetManager() {}

  public InputStream open(String name) throws IOException {
    return new FileInputStream(new File(System.getProperty("phone.assets"), name));
  }

  public String[] list(String folder) throws IOException {
    String[] names = new File(System.getProperty("phone.assets"), folder).list();
    return names == null ? new String[0] : names;
  }
}
