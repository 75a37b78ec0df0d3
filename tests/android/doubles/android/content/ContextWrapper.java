package android.content;

import android.content.pm.ApplicationInfo;
import android.content.pm.PackageManager;
import android.content.res.AssetManager;
import android.content.res.Resources;
import java.io.File;

/** A context on top of another one. */
public class ContextWrapper extends Context {
  private Context base;

  public ContextWrapper(Context base) {
    this.base = base;
  }

  protected void attachBaseContext(Context base) {
    if (this.base != null) throw new IllegalStateException("Base context already set");
    this.base = base;
  }

  public Context getBaseContext() {
    return base;
  }

  @Override
  public Context getApplicationContext() {
    return base.getApplicationContext();
  }

  @Override
  public ContentResolver getContentResolver() {
    return base.getContentResolver();
  }

  @Override
  public PackageManager getPackageManager() {
    return base.getPackageManager();
  }

  @Override
  public String getPackageName() {
    return base.getPackageName();
  }

  @Override
  public ApplicationInfo getApplicationInfo() {
    return base.getApplicationInfo();
  }

  @Override
  public Resources getResources() {
    return base.getResources();
  }

  @Override
  public AssetManager getAssets() {
    return base.getAssets();
  }

  @Override
  public Resources.Theme getTheme() {
    return base.getTheme();
  }

  @Override
  public SharedPreferences getSharedPreferences(String name, int mode) {
    return base.getSharedPreferences(name, mode);
  }

  @Override
  public File getFilesDir() {
    return base.getFilesDir();
  }

  @Override
  public File getCacheDir() {
    return base.getCacheDir();
  }

  @Override
  public File getExternalFilesDir(String type) {
    return base.getExternalFilesDir(type);
  }

  @Override
  public File getNoBackupFilesDir() {
    return base.getNoBackupFilesDir();
  }

  @Override
  public Object getSystemService(String name) {
    return base.getSystemService(name);
  }

  @Override
  public String getSystemServiceName(Class<?> type) {
    return base.getSystemServiceName(type);
  }

  @Override
  public int checkSelfPermission(String permission) {
    return base.checkSelfPermission(permission);
  }

  @Override
  public int checkCallingPermission(String permission) {
    return base.checkCallingPermission(permission);
  }

  @Override
  public int checkCallingOrSelfPermission(String permission) {
    return base.checkCallingOrSelfPermission(permission);
  }

  @Override
  public void startActivity(Intent intent) {
    base.startActivity(intent);
  }

  @Override
  public void revokeUriPermission(android.net.Uri uri, int flags) {
    base.revokeUriPermission(uri, flags);
  }
}
