package dev.edgeship.doubles;

import android.app.ActivityManager;
import android.app.KeyguardManager;
import android.content.ContentResolver;
import android.content.Context;
import android.content.Intent;
import android.content.SharedPreferences;
import android.content.pm.ApplicationInfo;
import android.content.pm.PackageManager;
import android.content.res.AssetManager;
import android.content.res.Resources;
import android.hardware.camera2.CameraManager;
import android.os.PowerManager;
import java.io.File;
import java.util.HashMap;
import java.util.Map;

/** The context of the app itself, under all others. */
public final class AppContext extends Context {
  private final Map<String, Object> services = new HashMap<>();
  private final Map<String, Settings> settings = new HashMap<>();
  private final Map<Class<?>, String> names = new HashMap<>();
  private final ContentResolver resolver = new ContentResolver(this) {};
  private final PackageManager packages = new PackageManager() {};
  private final ApplicationInfo application = new ApplicationInfo();
  private final Resources resources = new Resources();

  public AppContext() {
    application.packageName = Phone.PACKAGE;
    application.nativeLibraryDir = System.getProperty("java.library.path");
    application.sourceDir = System.getProperty("phone.apk");
    application.dataDir = Phone.HOME.getPath();
    serve(POWER_SERVICE, new PowerManager());
    serve(ACTIVITY_SERVICE, new ActivityManager());
    serve(CAMERA_SERVICE, new CameraManager());
    serve(KEYGUARD_SERVICE, new KeyguardManager());
  }

  private void serve(String name, Object service) {
    services.put(name, service);
    names.put(service.getClass(), name);
  }

  @Override
  public Context getApplicationContext() {
    return this;
  }

  @Override
  public ContentResolver getContentResolver() {
    return resolver;
  }

  @Override
  public PackageManager getPackageManager() {
    return packages;
  }

  @Override
  public String getPackageName() {
    return Phone.PACKAGE;
  }

  @Override
  public ApplicationInfo getApplicationInfo() {
    return application;
  }

  @Override
  public Resources getResources() {
    return resources;
  }

  @Override
  public AssetManager getAssets() {
    return resources.getAssets();
  }

  @Override
  public Resources.Theme getTheme() {
    return resources.newTheme();
  }

  @Override
  public synchronized SharedPreferences getSharedPreferences(String name, int mode) {
    return settings.computeIfAbsent(name, Settings::new);
  }

  @Override
  public File getFilesDir() {
    return folder("files");
  }

  @Override
  public File getCacheDir() {
    return folder("cache");
  }

  @Override
  public File getExternalFilesDir(String type) {
    return null;  // No external storage is mounted.
  }

  @Override
  public File getNoBackupFilesDir() {
    return folder("no_backup");
  }

  private static File folder(String name) {
    File made = new File(Phone.HOME, name);
    made.mkdirs();
    return made;
  }

  @Override
  public Object getSystemService(String name) {
    return services.get(name);
  }

  @Override
  public String getSystemServiceName(Class<?> type) {
    return names.get(type);
  }

  @Override
  public int checkSelfPermission(String permission) {
    return Phone.GRANTED.contains(permission)
        ? PackageManager.PERMISSION_GRANTED
        : PackageManager.PERMISSION_DENIED;
  }

  @Override
  public int checkCallingPermission(String permission) {
    return Phone.callerHolds.contains(permission)
        ? PackageManager.PERMISSION_GRANTED
        : PackageManager.PERMISSION_DENIED;
  }

  @Override
  public int checkCallingOrSelfPermission(String permission) {
    return checkCallingPermission(permission);
  }

  @Override
  public void startActivity(Intent intent) {
    throw new UnsupportedOperationException("from outside of an activity");
  }

  @Override
  public void revokeUriPermission(android.net.Uri uri, int flags) {}
}
