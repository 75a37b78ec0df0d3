package android.content;

import android.content.pm.PackageManager;
import android.content.res.AssetManager;
import android.content.res.ColorStateList;
import android.content.res.Resources;
import android.content.pm.ApplicationInfo;
import java.io.File;

/** What a component knows of its app and of the phone. */
public abstract class Context {
  public static final String POWER_SERVICE = "power";
  public static final String ACTIVITY_SERVICE = "activity";
  public static final String KEYGUARD_SERVICE = "keyguard";
  public static final String WINDOW_SERVICE = "window";
  public static final String CAMERA_SERVICE = "camera";
  public static final String DISPLAY_SERVICE = "display";
  public static final String ACCESSIBILITY_SERVICE = "accessibility";
  public static final String CLIPBOARD_SERVICE = "clipboard";
  public static final int MODE_PRIVATE = 0;

  public abstract Context getApplicationContext();

  public abstract ContentResolver getContentResolver();

  public abstract PackageManager getPackageManager();

  public abstract String getPackageName();

  public abstract ApplicationInfo getApplicationInfo();

  public abstract Resources getResources();

  public abstract AssetManager getAssets();

  public abstract Resources.Theme getTheme();

  public abstract SharedPreferences getSharedPreferences(String name, int mode);

  public abstract File getFilesDir();

  public abstract File getCacheDir();

  public abstract File getNoBackupFilesDir();

  public abstract File getExternalFilesDir(String type);

  public abstract Object getSystemService(String name);

  public abstract int checkSelfPermission(String permission);

  public abstract int checkCallingPermission(String permission);

  public abstract int checkCallingOrSelfPermission(String permission);

  public abstract void startActivity(Intent intent);

  public abstract void revokeUriPermission(android.net.Uri uri, int flags);

  @SuppressWarnings("unchecked")
  public final <T> T getSystemService(Class<T> type) {
    String name = getSystemServiceName(type);
    return name == null ? null : (T) getSystemService(name);
  }

  public abstract String getSystemServiceName(Class<?> type);

  public final String getString(int id) {
    return getResources().getString(id);
  }

  public final String getString(int id, Object... values) {
    return getResources().getString(id, values);
  }

  public final CharSequence getText(int id) {
    return getResources().getText(id);
  }

  public final ColorStateList getColorStateList(int id) {
    return getResources().getColorStateList(id, getTheme());
  }

  public final int getColor(int id) {
    return getResources().getColor(id, getTheme());
  }
}
