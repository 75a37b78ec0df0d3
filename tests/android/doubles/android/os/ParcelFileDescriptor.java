package android.os;

import java.io.Closeable;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.reflect.Method;
import java.nio.channels.Pipe;

/** An open file or an end of a pipe: a true one, so that what ends and what blocks is true. */
public class ParcelFileDescriptor implements Closeable, Parcelable {
  public static final int MODE_READ_ONLY = 0x10000000;
  public static final int MODE_WRITE_ONLY = 0x20000000;
  public static final int MODE_READ_WRITE = 0x30000000;
  public static final int MODE_CREATE = 0x08000000;
  public static final int MODE_TRUNCATE = 0x04000000;
  public static final int MODE_APPEND = 0x02000000;

  private final FileDescriptor descriptor;
  private final Closeable owner;

  private ParcelFileDescriptor(FileDescriptor descriptor, Closeable owner) {
    this.descriptor = descriptor;
    this.owner = owner;
  }

  public static ParcelFileDescriptor open(File file, int mode) throws FileNotFoundException {
    if ((mode & MODE_READ_WRITE) == MODE_READ_ONLY) {
      FileInputStream stream = new FileInputStream(file);
      return of(stream, stream::getFD);
    }
    if ((mode & MODE_CREATE) == 0 && !file.exists()) throw new FileNotFoundException(file + "");
    RandomAccessFile stream = new RandomAccessFile(file, "rw");
    return of(stream, stream::getFD);
  }

  /** Returns the end to read from, and the end to write to. */
  public static ParcelFileDescriptor[] createPipe() throws IOException {
    Pipe pipe = Pipe.open();
    return new ParcelFileDescriptor[] {
      new ParcelFileDescriptor(descriptorOf(pipe.source()), pipe.source()),
      new ParcelFileDescriptor(descriptorOf(pipe.sink()), pipe.sink()),
    };
  }

  public static ParcelFileDescriptor[] createReliablePipe() throws IOException {
    return createPipe();
  }

  public static int parseMode(String mode) {
    switch (mode) {
      case "r":
        return MODE_READ_ONLY;
      case "w":
      case "wt":
        return MODE_WRITE_ONLY | MODE_CREATE | MODE_TRUNCATE;
      case "wa":
        return MODE_WRITE_ONLY | MODE_CREATE | MODE_APPEND;
      case "rw":
        return MODE_READ_WRITE | MODE_CREATE;
      case "rwt":
        return MODE_READ_WRITE | MODE_CREATE | MODE_TRUNCATE;
      default:
        throw new IllegalArgumentException("Bad mode '" + mode + "'");
    }
  }

  public FileDescriptor getFileDescriptor() {
    return descriptor;
  }

  public long getStatSize() {
    try (FileInputStream stream = new FileInputStream(descriptor)) {
      return stream.getChannel().size();
    } catch (IOException error) {
      return -1;
    }
  }

  @Override
  public void close() throws IOException {
    owner.close();
  }

  public void closeWithError(String why) throws IOException {
    close();
  }

  private interface Opened {
    FileDescriptor descriptor() throws IOException;
  }

  private static ParcelFileDescriptor of(Closeable owner, Opened opened)
      throws FileNotFoundException {
    try {
      return new ParcelFileDescriptor(opened.descriptor(), owner);
    } catch (IOException error) {
      throw new FileNotFoundException(error.getMessage());
    }
  }

  /** Java makes pipes, and hides their descriptors. */
  private static FileDescriptor descriptorOf(Object channel) throws IOException {
    try {
      Method method = channel.getClass().getMethod("getFD");
      method.setAccessible(true);
      return (FileDescriptor) method.invoke(channel);
    } catch (ReflectiveOperationException error) {
      throw new IOException(error);
    }
  }

  /** Reads, and closes the descriptor in the end. */
  public static class AutoCloseInputStream extends FileInputStream {
    private final ParcelFileDescriptor owner;

    public AutoCloseInputStream(ParcelFileDescriptor owner) {
      super(owner.getFileDescriptor());
      this.owner = owner;
    }

    @Override
    public void close() throws IOException {
      owner.close();
    }
  }

  /** Writes, and closes the descriptor in the end. */
  public static class AutoCloseOutputStream extends FileOutputStream {
    private final ParcelFileDescriptor owner;

    public AutoCloseOutputStream(ParcelFileDescriptor owner) {
      super(owner.getFileDescriptor());
      this.owner = owner;
    }

    @Override
    public void close() throws IOException {
      owner.close();
    }
  }
}
