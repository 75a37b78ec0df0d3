package dev.edgeship.bench;

import android.content.Context;
import android.os.Environment;
import java.io.File;
import java.util.ArrayList;
import java.util.List;

/** The folders whose files an order, or a command of adb, may name. */
final class OpenFolders {
  private OpenFolders() {}

  /** Returns adb's own folder, and the app's folders. */
  static List<File> of(Context context) {
    List<File> folders = new ArrayList<>();
    folders.add(new File(Environment.getDataDirectory(), "local/tmp"));
    folders.add(context.getFilesDir());
    folders.add(context.getCacheDir());
    File external = context.getExternalFilesDir(null);
    if (external != null) folders.add(external);
    return folders;
  }
}
