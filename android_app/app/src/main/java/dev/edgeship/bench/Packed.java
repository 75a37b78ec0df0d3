package dev.edgeship.bench;

import android.content.Context;
import android.content.pm.ApplicationInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.zip.ZipFile;

/** What is packed in this app. */
final class Packed {
  private Packed() {}

  /** Whether it has LiteRT for this processor; builds without it can be made. */
  static boolean hasLiteRt(Context context) throws IOException {
    ApplicationInfo app = context.getApplicationInfo();
    List<String> files = new ArrayList<>(Collections.singletonList(app.sourceDir));
    if (app.splitSourceDirs != null) Collections.addAll(files, app.splitSourceDirs);
    for (String file : files) {
      try (ZipFile apk = new ZipFile(file)) {
        if (apk.getEntry("lib/" + Conditions.abi() + "/libLiteRt.so") != null) return true;
      }
    }
    return false;
  }
}
