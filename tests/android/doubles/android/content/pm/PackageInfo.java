package android.content.pm;

/** What is known of an installed app. */
public class PackageInfo {
  public String packageName;
  public String versionName;
  public int versionCode;

  public long getLongVersionCode() {
    return versionCode;
  }
}
