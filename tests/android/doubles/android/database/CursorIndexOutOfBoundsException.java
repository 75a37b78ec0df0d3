package android.database;

/** A row or a column that is not there. */
public class CursorIndexOutOfBoundsException extends IndexOutOfBoundsException {
  public CursorIndexOutOfBoundsException(int index, int size) {
    super("Index " + index + " requested, with a size of " + size);
  }

  public CursorIndexOutOfBoundsException(String message) {
    super(message);
  }
}
