package android.database;

import java.io.Closeable;

/** Rows of a table. */
public interface Cursor extends Closeable {
  int getCount();

  int getColumnCount();

  int getColumnIndex(String name);

  String[] getColumnNames();

  String getString(int column);

  long getLong(int column);

  int getInt(int column);

  boolean isNull(int column);

  boolean moveToFirst();

  boolean moveToNext();

  void close();
}
