package android.os;

import java.io.File;

/** Folders of the system. */
public class Environment {
  public static File getDataDirectory() {
    return new File("/data");
  }
}
