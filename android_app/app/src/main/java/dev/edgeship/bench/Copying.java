package dev.edgeship.bench;

import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;

/** Copies of foreign files, under names of our own. */
final class Copying {
  private Copying() {}

  /**
   * Copies a stream into a file, which appears when it is whole.
   *
   * @param most the most bytes that are taken
   * @param name what a refusal calls the file
   * @throws Refused if there are more
   */
  static void copy(InputStream from, File target, long most, String name)
      throws Refused, IOException {
    File folder = target.getParentFile();
    if (!folder.isDirectory() && !folder.mkdirs()) throw new IOException(folder + " is missing");
    File part = new File(folder, target.getName() + ".part");
    boolean whole = false;
    try {
      try (OutputStream to = new FileOutputStream(part)) {
        pour(from, to, most, name);
      }
      whole = part.renameTo(target);
      if (!whole) throw new IOException(target + " cannot be written");
    } finally {
      // One that cannot be removed is overwritten by the next copy.
      if (!whole) part.delete();
    }
  }

  private static void pour(InputStream from, OutputStream to, long most, String name)
      throws Refused, IOException {
    byte[] buffer = new byte[1 << 16];
    long count = 0;
    for (int got = from.read(buffer); got >= 0; got = from.read(buffer)) {
      // Whoever asked for this may be gone, and the stream endless.
      if (Thread.interrupted()) throw new InterruptedIOException(name);
      count += got;
      if (count > most) throw new Refused(R.string.refused_too_large, name, most);
      to.write(buffer, 0, got);
    }
  }
}
