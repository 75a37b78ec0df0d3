package android.database;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Rows in memory. */
public class MatrixCursor extends AbstractCursor {
  private final String[] names;
  private final List<Object[]> rows = new ArrayList<>();

  public MatrixCursor(String[] names) {
    this(names, 16);
  }

  public MatrixCursor(String[] names, int capacity) {
    this.names = names;
  }

  public void addRow(Object[] values) {
    if (values.length != names.length) {
      throw new IllegalArgumentException(
          "columnNames.length = " + names.length + ", columnValues.length = " + values.length);
    }
    rows.add(values);
  }

  public RowBuilder newRow() {
    Object[] row = new Object[names.length];
    rows.add(row);
    return new RowBuilder(row);
  }

  @Override
  public int getCount() {
    return rows.size();
  }

  @Override
  public String[] getColumnNames() {
    return names;
  }

  @Override
  public String getString(int column) {
    Object value = get(column);
    return value == null ? null : value.toString();
  }

  @Override
  public long getLong(int column) {
    Object value = get(column);
    if (value == null) return 0;
    return value instanceof Number ? ((Number) value).longValue() : Long.parseLong(value + "");
  }

  @Override
  public int getInt(int column) {
    return (int) getLong(column);
  }

  @Override
  public boolean isNull(int column) {
    return get(column) == null;
  }

  private Object get(int column) {
    if (column < 0 || column >= names.length) {
      throw new CursorIndexOutOfBoundsException(
          "Requested column: " + column + ", # of columns: " + names.length);
    }
    if (place() < 0 || place() >= rows.size()) {
      throw new CursorIndexOutOfBoundsException(place(), rows.size());
    }
    return rows.get(place())[column];
  }

  /** Adds a row value by value. */
  public class RowBuilder {
    private final Object[] row;
    private int next;

    RowBuilder(Object[] row) {
      this.row = row;
    }

    public RowBuilder add(Object value) {
      if (next == row.length) throw new CursorIndexOutOfBoundsException("No more columns left.");
      row[next++] = value;
      return this;
    }

    public RowBuilder add(String name, Object value) {
      int at = Arrays.asList(names).indexOf(name);
      if (at >= 0) row[at] = value;
      return this;
    }
  }
}
