package dev.edgeship.bench;

import java.io.Closeable;
import java.io.File;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** A file that LiteRT has open. */
final class LiteRtNetwork implements Classifier.Network, Closeable {
  private final long handle;

  private LiteRtNetwork(long handle) {
    this.handle = handle;
  }

  /**
   * Opens a file.
   *
   * @throws Refused if LiteRT cannot, or finds something else than the manifest describes
   */
  static LiteRtNetwork open(
      File file, Manifest.Artifact artifact, int threads, String accelerator) throws Refused {
    String[] why = {""};
    long handle;
    try {
      handle = Native.open(file.getPath(), threads, accelerator, why);
    } catch (LinkageError error) {
      throw new Refused(R.string.refused_library, Names.shown(String.valueOf(error.getMessage())));
    }
    if (handle == 0) throw new Refused(R.string.refused_by_litert, why[0]);
    LiteRtNetwork network = new LiteRtNetwork(handle);
    if (!network.isAs(artifact)) {
      network.close();
      throw new Refused(R.string.refused_other_file, Names.shown(artifact.file));
    }
    return network;
  }

  @Override
  public long infer(ByteBuffer input, ByteBuffer output) {
    return Native.infer(handle, input, output);
  }

  @Override
  public void close() {
    Native.close(handle);
  }

  private boolean isAs(Manifest.Artifact artifact) {
    return Arrays.equals(Native.inputShape(handle), artifact.input.shape)
        && Arrays.equals(Native.outputShape(handle), artifact.output.shape)
        && Native.inputType(handle) == artifact.input.liteRtType()
        && Native.outputType(handle) == artifact.output.liteRtType();
  }
}
