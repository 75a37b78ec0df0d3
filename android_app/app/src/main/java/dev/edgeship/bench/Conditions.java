package dev.edgeship.bench;

import android.app.ActivityManager;
import android.content.Context;
import android.content.pm.PackageManager;
import android.os.Build;
import android.os.PowerManager;
import android.os.Process;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.json.JSONException;
import org.json.JSONObject;

/** Under which conditions this process runs. */
final class Conditions {
  private final Context context;
  private final PowerManager power;

  Conditions(Context context) {
    this.context = context;
    power = (PowerManager) context.getSystemService(Context.POWER_SERVICE);
  }

  /**
   * Returns all that is known before a run.
   *
   * @param sustained whether sustained performance was asked for and is offered
   */
  JSONObject before(boolean sustained) throws IOException {
    try {
      return thermal()
          .put("version", version())
          .put("sdk", Build.VERSION.SDK_INT)
          .put("abi", abi())
          .put("cores", cores())
          .put("sustained_performance", sustained)
          .put("importance", importance());
    } catch (JSONException error) {
      throw new AssertionError(error); // All numbers are finite.
    }
  }

  /** Returns what may have changed at the end of a run. */
  JSONObject after() {
    try {
      return thermal();
    } catch (JSONException error) {
      throw new AssertionError(error); // All numbers are finite.
    }
  }

  private JSONObject thermal() throws JSONException {
    return new JSONObject()
        .put("thermal_status", orNull(NewerAndroid.thermalStatus(power)))
        .put("thermal_headroom", orNull(NewerAndroid.thermalHeadroom(power)));
  }

  private static Object orNull(Object value) {
    return value == null ? JSONObject.NULL : value;
  }

  private String version() {
    try {
      return context.getPackageManager().getPackageInfo(context.getPackageName(), 0).versionName;
    } catch (PackageManager.NameNotFoundException error) {
      throw new IllegalStateException(error); // It is this very app.
    }
  }

  /** The ABI of this process: its libraries are packed for 64-bit processors only. */
  static String abi() {
    String[] abis = Build.SUPPORTED_64_BIT_ABIS;
    return abis.length > 0 && Process.is64Bit() ? abis[0] : Build.SUPPORTED_ABIS[0];
  }

  /** The processor's cores that the system lets this process use, such as 0-7. */
  private static String cores() throws IOException {
    String name = "Cpus_allowed_list:";
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                new FileInputStream("/proc/self/status"), StandardCharsets.US_ASCII))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith(name)) return line.substring(name.length()).trim();
      }
    }
    throw new IOException("/proc/self/status does not say which cores are allowed");
  }

  /** How important the system takes this process to be; 100 is the foreground. */
  private static int importance() {
    ActivityManager.RunningAppProcessInfo info = new ActivityManager.RunningAppProcessInfo();
    ActivityManager.getMyMemoryState(info);
    return info.importance;
  }
}
