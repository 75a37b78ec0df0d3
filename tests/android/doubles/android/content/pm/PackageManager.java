package android.content.pm;

import dev.edgeship.doubles.Phone;

/** What is installed: this app alone. */
public abstract class PackageManager {
  public static final int PERMISSION_GRANTED = 0;
  public static final int PERMISSION_DENIED = -1;
  public static final String FEATURE_CAMERA_ANY = "android.hardware.camera.any";
  public static final String FEATURE_CAMERA = "android.hardware.camera";

  public PackageInfo getPackageInfo(String name, int flags) throws NameNotFoundException {
    if (!name.equals(Phone.PACKAGE)) throw new NameNotFoundException(name);
    PackageInfo info = new PackageInfo();
    info.packageName = name;
    info.versionName = Phone.VERSION;
    info.versionCode = (int) Phone.VERSION_CODE;
    return info;
  }

  public boolean hasSystemFeature(String name) {
    return false;
  }

  /** There is no such app. */
  public static class NameNotFoundException extends Exception {
    public NameNotFoundException(String name) {
      super(name);
    }
  }
}
