package dev.edgeship.bench;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collections;
import java.util.List;

/** A bundle in a folder that adb has pushed. Links that lead out of it are not followed. */
final class FolderSource implements DemoSource {
  private final File folder;

  FolderSource(File folder) {
    this.folder = folder;
  }

  @Override
  public InputStream open(String name) throws IOException {
    File file = new File(folder, name);
    if (!file.exists()) return null;
    List<File> inside = Collections.singletonList(folder);
    try {
      return new FileInputStream(Confined.file(file.getPath(), inside, Order.MAX_FILE_BYTES));
    } catch (Refused refused) {
      return null; // It is no file of this folder.
    }
  }

  @Override
  public void close() {}
}
