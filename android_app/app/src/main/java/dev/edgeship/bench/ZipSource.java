package dev.edgeship.bench;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.util.Enumeration;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** A bundle in a zip, with or without a folder around it. Names in it never become paths. */
final class ZipSource implements DemoSource {
  private final ZipFile zip;
  private final String folder;

  private ZipSource(ZipFile zip) {
    this.zip = zip;
    folder = folder(zip);
  }

  /**
   * Opens a zip.
   *
   * @throws Refused if it is none
   */
  static ZipSource open(File file) throws Refused, IOException {
    try {
      return new ZipSource(new ZipFile(file));
    } catch (ZipException error) {
      throw new Refused(R.string.refused_zip);
    }
  }

  @Override
  public InputStream open(String name) throws IOException {
    ZipEntry entry = zip.getEntry(folder + name);
    return entry == null ? null : zip.getInputStream(entry);
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }

  /** Returns what stands before manifest.json in its name: of several, the outermost. */
  private static String folder(ZipFile zip) {
    String shortest = null;
    for (Enumeration<? extends ZipEntry> all = zip.entries(); all.hasMoreElements(); ) {
      String name = all.nextElement().getName();
      boolean fits = name.equals(DemoFolder.MANIFEST) || name.endsWith("/" + DemoFolder.MANIFEST);
      if (fits && (shortest == null || name.length() < shortest.length())) shortest = name;
    }
    if (shortest == null) return "";
    return shortest.substring(0, shortest.length() - DemoFolder.MANIFEST.length());
  }
}
