package dev.edgeship.bench;

import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;

/**
 * The lock that a run's process holds until all is written.
 *
 * <p>The system takes it away when the process dies, so that nobody waits for a run that is gone.
 */
final class RunLock implements Closeable {
  private final RandomAccessFile file;

  private RunLock(RandomAccessFile file) {
    this.file = file;
  }

  /** Makes the lock's file and takes the lock. */
  static RunLock take(File path) throws IOException {
    RandomAccessFile file = new RandomAccessFile(path, "rw");
    try {
      FileLock lock = file.getChannel().tryLock();
      if (lock != null) return new RunLock(file);
    } catch (IOException | OverlappingFileLockException error) {
      file.close();
      throw error;
    }
    file.close();
    throw new IOException(path + " is locked");
  }

  /** Whether nobody holds the lock. */
  static boolean isFree(File path) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path, "r")) {
      FileLock lock = file.getChannel().tryLock(0, Long.MAX_VALUE, true);
      return lock != null;
    } catch (OverlappingFileLockException error) {
      return false; // Somebody in this very process holds it, or asks at this moment.
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
