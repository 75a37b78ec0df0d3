package dev.edgeship.bench;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A flatbuffer that nobody has looked at yet: everything in it is checked before it is used.
 *
 * <p>What the fields of a table are is said by a string with a letter for each, in their order: 1, 2,
 * 4, 8 a number of that many bytes; a, b, d, h a vector of numbers of 1, 2, 4, 8 bytes; s a text; S a
 * vector of texts; o something that another table says more about; . nothing. See
 * https://flatbuffers.dev/internals for the format.
 */
final class Flatbuffer {
  /** Something does not lie where it should. */
  static final class Damaged extends Exception {
    private static final long serialVersionUID = 1;

    Damaged(String what) {
      super(what);
    }
  }

  /** As many tables as flatbuffers' own check allows. */
  private static final int MOST_TABLES = 1_000_000;

  /** So many numbers are looked at one by one; of a million operators each has some. */
  private static final int MOST_NUMBERS = 50_000_000;

  private final ByteBuffer bytes;
  private int tables;
  private int numbers;

  Flatbuffer(ByteBuffer bytes) {
    this.bytes = bytes.order(ByteOrder.LITTLE_ENDIAN);
  }

  long size() {
    return bytes.limit();
  }

  /** Returns the position of the table at the root. */
  int root(String fields) throws Damaged {
    return table(0, fields);
  }

  /** Returns the position of a table that a field holds, or -1 if the field is not there. */
  int table(int parent, int field, String fields) throws Damaged {
    int position = position(parent, field);
    return position < 0 ? -1 : table(position, fields);
  }

  /** Returns the position of a table of a vector of tables. */
  int element(int vector, int index, String fields) throws Damaged {
    return table(vector + 4 + 4 * index, fields);
  }

  /** Returns the position of a vector of things of a size, or -1 if the field is not there. */
  int vector(int table, int field, int size) throws Damaged {
    int position = position(table, field);
    if (position < 0) return -1;
    int vector = indirect(position);
    within(vector + 4, length(vector) * (long) size);
    return vector;
  }

  /** Returns the position of a vector of tables, or -1 if the field is not there. */
  int list(int table, int field) throws Damaged {
    int vector = vector(table, field, 4);
    if (count(vector) > MOST_TABLES) throw new Damaged("more tables than any network has");
    return vector;
  }

  /** Returns how many things a vector has; none if it is not there. */
  int count(int vector) throws Damaged {
    return vector < 0 ? 0 : (int) length(vector);
  }

  /** Returns a number of a vector of numbers of 4 bytes. */
  int number(int vector, int index) throws Damaged {
    if (++numbers > MOST_NUMBERS) throw new Damaged("more numbers than any network has");
    return bytes.getInt(vector + 4 + 4 * index);
  }

  /** Returns the number in a field of 4 bytes, or another if the field is not there. */
  int number(int table, int field, int other) throws Damaged {
    int position = position(table, field);
    return position < 0 ? other : bytes.getInt(position);
  }

  /** Returns the unsigned number in a field of 1 byte; 0 if the field is not there. */
  int small(int table, int field) throws Damaged {
    int position = position(table, field);
    return position < 0 ? 0 : bytes.get(position) & 0xff;
  }

  /** Returns the number in a field of 8 bytes; 0 if the field is not there. */
  long large(int table, int field) throws Damaged {
    int position = position(table, field);
    return position < 0 ? 0 : bytes.getLong(position);
  }

  /** Whether a field is there. */
  boolean has(int table, int field) throws Damaged {
    return position(table, field) >= 0;
  }

  /** Follows an offset to a table, and checks the table and all fields that the string names. */
  private int table(int offset, String fields) throws Damaged {
    if (++tables > MOST_TABLES) throw new Damaged("more tables than any network has");
    int table = indirect(offset);
    int list = fieldList(table);
    int inside = unsigned(list + 2);
    for (int field = 0; field < (unsigned(list) - 4) / 2; field++) {
      int at = unsigned(list + 4 + 2 * field);
      if (at == 0) continue;
      char kind = field < fields.length() ? fields.charAt(field) : '.';
      if (at < 4 || at + size(kind) > inside) throw new Damaged("a field outside of its table");
      content(table, field, kind);
    }
    return table;
  }

  /** Checks what a field of a table refers to. */
  private void content(int table, int field, char kind) throws Damaged {
    if (kind == 's') {
      text(indirect(position(table, field)));
    } else if (kind == 'S') {
      int vector = vector(table, field, 4);
      for (int i = 0; i < count(vector); i++) {
        if (++tables > MOST_TABLES) throw new Damaged("more texts than any network has");
        text(indirect(vector + 4 + 4 * i));
      }
    } else if ("abdh".indexOf(kind) >= 0) {
      vector(table, field, 1 << "abdh".indexOf(kind));
    }
  }

  private static int size(char kind) {
    return kind == '.' ? 1 : kind >= '1' && kind <= '8' ? kind - '0' : 4;
  }

  /** Returns where the list of a table's fields lies. */
  private int fieldList(int table) throws Damaged {
    long list = (long) table - bytes.getInt((int) within(table, 4));
    within(list, 4);
    int size = unsigned((int) list);
    within(list, size);
    int inside = unsigned((int) list + 2);
    within(table, inside);
    if (list % 2 != 0 || size < 4 || size % 2 != 0 || inside < 4) {
      throw new Damaged("a list of fields that is none");
    }
    return (int) list;
  }

  /** Returns where a field of a checked table lies, or -1 if it is not there. */
  private int position(int table, int field) throws Damaged {
    int list = fieldList(table);
    int entry = 4 + 2 * field;
    if (entry + 2 > unsigned(list)) return -1;
    int at = unsigned(list + entry);
    return at == 0 ? -1 : table + at;
  }

  private void text(int at) throws Damaged {
    long end = at + 4L + length(at);
    within(end, 1);
    if (bytes.get((int) end) != 0) throw new Damaged("a text without an end");
  }

  /** Returns the unsigned number before the elements of a vector, or the letters of a text. */
  private long length(int at) throws Damaged {
    return bytes.getInt((int) within(at, 4)) & 0xffffffffL;
  }

  private int indirect(int position) throws Damaged {
    long target = position + (bytes.getInt((int) within(position, 4)) & 0xffffffffL);
    if (target == position || target % 4 != 0) throw new Damaged("an offset that leads nowhere");
    return (int) within(target, 4);
  }

  private int unsigned(int position) throws Damaged {
    return bytes.getShort((int) within(position, 2)) & 0xffff;
  }

  private long within(long position, long size) throws Damaged {
    if (position < 0 || position > bytes.limit() - size) {
      throw new Damaged("an end before what it refers to");
    }
    return position;
  }
}
