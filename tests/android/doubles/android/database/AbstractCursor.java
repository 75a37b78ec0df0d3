package android.database;

import java.util.Arrays;

/** A cursor that knows where it is. */
public abstract class AbstractCursor implements Cursor {
  private int place = -1;
  private boolean closed;

  public abstract int getCount();

  public abstract String[] getColumnNames();

  public abstract String getString(int column);

  public abstract int getInt(int column);

  public abstract long getLong(int column);

  public abstract boolean isNull(int column);

  public int getColumnCount() {
    return getColumnNames().length;
  }

  public int getColumnIndex(String name) {
    return Arrays.asList(getColumnNames()).indexOf(name);
  }

  public final boolean moveToFirst() {
    place = 0;
    return getCount() > 0;
  }

  public final boolean moveToNext() {
    if (place < getCount()) place++;
    return place < getCount();
  }

  public void close() {
    closed = true;
  }

  public boolean isClosed() {
    return closed;
  }

  int place() {
    return place;
  }
}
