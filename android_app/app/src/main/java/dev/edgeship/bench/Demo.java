package dev.edgeship.bench;

import android.content.Context;
import android.net.Uri;
import java.io.Closeable;
import java.io.File;
import java.io.IOException;

/** The demo without its screen: a bundle, one of its files open, and a picture. */
final class Demo implements Closeable {
  private final Context context;
  private volatile String accelerator = "cpu";
  private volatile int threads = 1;

  private DemoFolder bundle;
  private Manifest.Artifact artifact;
  private LiteRtNetwork network;
  private Classifier classifier;

  Demo(Context context) {
    this.context = context;
  }

  /** Sets how files that are opened from now on are run. */
  void runOn(String accelerator, int threads) {
    this.accelerator = accelerator;
    this.threads = threads;
  }

  /** Returns the bundle, or null if there is none yet. */
  synchronized DemoFolder bundle() {
    return bundle;
  }

  /** Returns the open file, or null if there is none. */
  synchronized Manifest.Artifact artifact() {
    return artifact;
  }

  /** Opens the bundle that was used last, if there is one. */
  synchronized void reopen() throws Refused, IOException {
    refuseDeadly();
    if (bundle == null) bundle = DemoFolder.open(folder());
    if (bundle != null) use(Math.max(0, bundle.artifacts.indexOf(artifact)));
  }

  /** Takes the bundle in a folder that the user chose. */
  void takeTree(Uri tree) throws Refused, IOException {
    Incoming.at(context, tree); // Refuses what is no content of another app.
    take(new TreeSource(context.getContentResolver(), tree));
  }

  /** Takes the bundle in a zip of another app. */
  void takeZip(Incoming incoming) throws Refused, IOException {
    File zip = new File(context.getCacheDir(), "bundle.zip");
    try {
      incoming.copy(zip, Order.MAX_FILE_BYTES);
      take(ZipSource.open(zip));
    } finally {
      zip.delete();
    }
  }

  /** Takes the bundle at a path that adb names: a folder, or a zip. */
  void takePath(String path) throws Refused, IOException {
    File real = Confined.any(path, OpenFolders.of(context));
    if (real.isDirectory()) take(new FolderSource(real));
    else take(ZipSource.open(Confined.file(path, OpenFolders.of(context), Order.MAX_FILE_BYTES)));
  }

  /** Opens another file of the bundle. */
  synchronized void use(int number) throws Refused, IOException {
    close();
    Manifest.Artifact chosen = bundle.artifacts.get(number);
    LiteRtNetwork opened = open(chosen);
    try {
      classifier = new Classifier(bundle.manifest, chosen, bundle.labels, opened);
      network = opened;
      artifact = chosen;
    } finally {
      if (network == null) opened.close();
    }
  }

  /** Classifies a picture of another app. */
  Answer classify(Incoming incoming) throws Refused, IOException {
    File copy = new File(context.getCacheDir(), "picture");
    try {
      incoming.copy(copy, Picture.MAX_BYTES);
      return classifyPicture(copy);
    } finally {
      copy.delete();
    }
  }

  /** Classifies a picture at a path that adb names. */
  Answer classifyPath(String path) throws Refused, IOException {
    return classifyPicture(Confined.file(path, OpenFolders.of(context), Picture.MAX_BYTES));
  }

  /** Classifies the next frame of a camera. */
  synchronized Answer classify(Rows frame) throws Refused {
    if (classifier == null) throw new Refused(R.string.demo_no_bundle);
    return classifier.classify(frame);
  }

  /** Begins a new clip. */
  synchronized void forget() {
    if (classifier != null) classifier.forget();
  }

  @Override
  public synchronized void close() {
    if (network != null) network.close();
    network = null;
    classifier = null;
    artifact = null;
  }

  private Answer classifyPicture(File file) throws Refused, IOException {
    Rows picture = Picture.open(file);
    forget();
    return classify(picture);
  }

  private void take(DemoSource source) throws Refused, IOException {
    try (DemoSource closed = source) {
      DemoFolder taken = DemoFolder.copy(closed, folder());
      synchronized (this) {
        bundle = taken;
        use(0);
      }
    }
  }

  private LiteRtNetwork open(Manifest.Artifact chosen) throws Refused, IOException {
    // The screen before this one may still be opening a file.
    synchronized (Demo.class) {
      opening().createNewFile();
      try {
        return LiteRtNetwork.open(bundle.file(chosen), chosen, threads, accelerator);
      } finally {
        opening().delete();
      }
    }
  }

  /** Forgets a bundle with which LiteRT ended the process: it would do so again and again. */
  private void refuseDeadly() throws Refused, IOException {
    synchronized (Demo.class) {
      if (!opening().exists()) return;
      DemoFolder.remove(folder());
      opening().delete();
    }
    throw new Refused(R.string.demo_died);
  }

  /** Is there while LiteRT opens a file, and afterwards if the process died of that. */
  private File opening() {
    return new File(context.getCacheDir(), "demo.opening");
  }

  private File folder() {
    return new File(context.getCacheDir(), "demo");
  }
}
