package dev.edgeship.bench;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;

/** Where the files of a bundle come from: manifest.json, and what lies beside it. */
interface DemoSource extends Closeable {
  /**
   * Opens a file.
   *
   * @param name without folders
   * @return null if there is no such file
   */
  InputStream open(String name) throws IOException;
}
