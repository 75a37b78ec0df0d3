package android.content.pm;

/** What packages and their components have in common. */
public class PackageItemInfo {
  public String packageName;
  public String name;
}
