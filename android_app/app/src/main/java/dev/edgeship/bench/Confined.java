package dev.edgeship.bench;

import java.io.File;
import java.io.IOException;
import java.util.List;

/** Files that a foreign command may name: those below given folders, whatever links say. */
final class Confined {
  private Confined() {}

  /**
   * Returns the regular file at a path, with all links resolved.
   *
   * @param path an absolute path
   * @param folders where it may lie, at any depth
   * @param most the most bytes that it may have
   * @throws Refused if it lies elsewhere, is no readable file, or is too large
   */
  static File file(String path, List<File> folders, long most) throws Refused {
    File real = any(path, folders);
    if (!real.isFile() || !real.canRead()) throw new Refused(R.string.refused_no_file, path);
    if (real.length() > most) throw new Refused(R.string.refused_too_large, path, most);
    return real;
  }

  /**
   * Returns what lies at a path, a file, a folder or nothing, with all links resolved.
   *
   * @throws Refused if it lies elsewhere
   */
  static File any(String path, List<File> folders) throws Refused {
    File real = resolve(path);
    if (!new File(path).isAbsolute() || !below(real, folders)) {
      throw new Refused(R.string.refused_outside, path);
    }
    return real;
  }

  private static boolean below(File real, List<File> folders) throws Refused {
    for (File folder : folders) {
      if (real.getPath().startsWith(resolve(folder.getPath()).getPath() + File.separator)) {
        return true;
      }
    }
    return false;
  }

  private static File resolve(String path) throws Refused {
    try {
      return new File(path).getCanonicalFile();
    } catch (IOException error) {
      throw new Refused(R.string.refused_no_file, path);
    }
  }
}
