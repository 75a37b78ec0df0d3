package dev.edgeship.bench;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The app's own copy of a bundle: what `python -m export` wrote, and labels.txt if it is there. */
final class DemoFolder {
  static final String MANIFEST = "manifest.json";
  static final String LABELS = "labels.txt";

  private static final long MAX_MANIFEST_BYTES = 16 << 20;
  private static final long MAX_LABEL_BYTES = 1 << 20;

  final Manifest manifest;

  /** Names of the classes; empty if the bundle has none. */
  final List<String> labels;

  /** The files of the manifest that are there. */
  final List<Manifest.Artifact> artifacts;

  private final File folder;

  private DemoFolder(File folder) throws Refused, IOException {
    this.folder = folder;
    manifest = Manifest.read(TextFile.read(new File(folder, MANIFEST), MAX_MANIFEST_BYTES));
    labels = manifest.foreignLabels ? new ArrayList<>() : labels(new File(folder, LABELS));
    List<Manifest.Artifact> there = new ArrayList<>();
    for (Manifest.Artifact artifact : manifest.artifacts) {
      if (file(artifact).isFile()) there.add(artifact);
    }
    artifacts = Collections.unmodifiableList(there);
  }

  /** Opens a copy that was made before; null if there is none. */
  static DemoFolder open(File folder) throws Refused, IOException {
    return new File(folder, MANIFEST).isFile() ? new DemoFolder(folder) : null;
  }

  /**
   * Makes a copy, which takes the place of the one before it if it is whole.
   *
   * @param folder where it lies afterwards
   * @throws Refused if the bundle is not what it should be; then the one before it is kept
   */
  static DemoFolder copy(DemoSource source, File folder) throws Refused, IOException {
    File made = new File(folder.getPath() + ".new");
    remove(made);
    try {
      if (!take(source, made, MANIFEST, MAX_MANIFEST_BYTES)) {
        throw new Refused(R.string.refused_no_manifest);
      }
      take(source, made, LABELS, MAX_LABEL_BYTES);
      DemoFolder copy = new DemoFolder(made);
      int count = 0;
      for (Manifest.Artifact artifact : copy.manifest.artifacts) {
        if (!take(source, made, artifact.file, Order.MAX_FILE_BYTES)) continue;
        ModelFile.check(copy.file(artifact), Names.shown(artifact.file));
        count++;
      }
      if (count == 0) throw new Refused(R.string.refused_no_artifact_file);
      remove(folder);
      if (!made.renameTo(folder)) throw new IOException(folder + " cannot be written");
      return new DemoFolder(folder);
    } finally {
      remove(made);
    }
  }

  /** Returns where a file of the manifest lies. */
  File file(Manifest.Artifact artifact) {
    return new File(folder, artifact.file);
  }

  private static boolean take(DemoSource source, File folder, String name, long most)
      throws Refused, IOException {
    try (InputStream from = source.open(name)) {
      if (from == null) return false;
      Copying.copy(from, new File(folder, name), most, Names.shown(name));
      return true;
    }
  }

  private static List<String> labels(File file) throws Refused, IOException {
    List<String> labels = new ArrayList<>();
    if (!file.isFile()) return labels;
    for (String line : TextFile.lines(file, MAX_LABEL_BYTES)) labels.add(Names.shown(line.trim()));
    return labels;
  }

  /** Removes a copy, if it is there. */
  static void remove(File folder) throws IOException {
    File[] files = folder.listFiles();
    for (File file : files == null ? new File[0] : files) {
      if (!file.delete()) throw new IOException(file + " cannot be removed");
    }
    if (files != null && !folder.delete()) throw new IOException(folder + " cannot be removed");
  }
}
