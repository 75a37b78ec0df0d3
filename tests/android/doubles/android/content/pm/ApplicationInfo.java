package android.content.pm;

/** Where an app lies. */
public class ApplicationInfo extends PackageItemInfo {
  public String nativeLibraryDir;
  public String dataDir;
  public String sourceDir;
  public String[] splitSourceDirs;
  public int flags;
}
