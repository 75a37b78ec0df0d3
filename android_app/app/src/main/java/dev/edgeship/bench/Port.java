package dev.edgeship.bench;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** An input or output of a file: its shape, and how numbers are stored in it. */
final class Port {
  // A shape that has more is no picture and no list of classes.
  private static final int MAX_ELEMENTS = 1 << 26;

  /** Extents of its axes; an open batch is 1. */
  final int[] shape;

  /** Letters of the axes, such as NHWC; empty where they have no meaning to us. */
  final String layout;

  /** Whether it takes the bytes of a picture, red first, and the file normalises them itself. */
  final boolean takesBytes;

  private final String type;
  private final boolean quantized;
  private final float scale;
  private final int zeroPoint;

  private Port(JSONObject entry) throws Refused, JSONException {
    JSONArray extents = entry.getJSONArray("shape");
    shape = new int[extents.length()];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = extents.getInt(i);
      if (i == 0 && shape[i] == -1) shape[i] = 1;
    }
    layout = entry.getString("layout");
    type = entry.getString("dtype");
    takesBytes = !entry.optString("colors").isEmpty();
    // The scale then says what the file makes of bytes: they are stored as they are.
    quantized = !takesBytes && !entry.isNull("scale");
    scale = quantized ? (float) entry.getDouble("scale") : 1;
    zeroPoint = takesBytes || entry.isNull("zero_point") ? 0 : entry.getInt("zero_point");
    if (width() == 0) throw new Refused(R.string.refused_type, Names.shown(type));
    if (elements() == 0 || !(scale > 0)) throw new Refused(R.string.refused_port);
  }

  /** Reads an entry of "inputs" or "outputs" of a manifest. */
  static Port read(JSONObject entry) throws Refused, JSONException {
    return new Port(entry);
  }

  /** Returns the extent of the axis with a letter, or 1 if there is none. */
  int extent(char axis) {
    int place = layout.indexOf(axis);
    return place < 0 || place >= shape.length ? 1 : shape[place];
  }

  /** Returns how far apart neighbours on the axis with a letter are stored, in elements. */
  int stride(char axis) {
    int stride = 1;
    for (int i = layout.indexOf(axis) + 1; i < shape.length; i++) stride *= shape[i];
    return stride;
  }

  /** Returns how many numbers it has; 0 if that makes no sense. */
  int elements() {
    long count = 1;
    for (int extent : shape) {
      if (extent < 1) return 0;
      count *= extent;
      if (count > MAX_ELEMENTS) return 0;
    }
    return (int) count;
  }

  /** Whether only one of its axes is longer than 1. */
  boolean isList() {
    int longer = 0;
    for (int extent : shape) if (extent > 1) longer++;
    return longer == 1;
  }

  /** Returns a buffer of just its size. */
  ByteBuffer buffer() {
    return ByteBuffer.allocateDirect(elements() * width()).order(ByteOrder.nativeOrder());
  }

  /** Returns LiteRT's number of the type of its elements. */
  int liteRtType() {
    switch (type) {
      case "float32":
        return 1;
      case "int32":
        return 2;
      case "uint8":
        return 3;
      default:
        return 9; // int8
    }
  }

  /** Stores numbers, rounded and saturated where it holds integers. */
  void write(float[] values, ByteBuffer to) {
    if (type.equals("float32")) {
      to.asFloatBuffer().put(values);
      return;
    }
    // Integers without a scale are pixels as they are.
    int low = type.equals("int8") ? -128 : 0;
    int high = type.equals("int8") ? 127 : 255;
    for (int i = 0; i < values.length; i++) {
      double rounded = Math.rint(values[i] / scale) + zeroPoint;
      int stored = (int) Math.max(low, Math.min(high, rounded));
      if (width() == 4) to.putInt(4 * i, stored);
      else to.put(i, (byte) stored);
    }
  }

  /** Returns the numbers in a buffer. */
  float[] read(ByteBuffer from) {
    float[] values = new float[elements()];
    for (int i = 0; i < values.length; i++) values[i] = read(from, i);
    return values;
  }

  private float read(ByteBuffer from, int index) {
    switch (type) {
      case "float32":
        return from.getFloat(4 * index);
      case "int32":
        return real(from.getInt(4 * index));
      case "uint8":
        return real(from.get(index) & 0xff);
      default:
        return real(from.get(index));
    }
  }

  private float real(int stored) {
    return quantized ? (float) (((double) stored - zeroPoint) * scale) : stored;
  }

  private int width() {
    switch (type) {
      case "float32":
      case "int32":
        return 4;
      case "int8":
      case "uint8":
        return 1;
      default:
        return 0;
    }
  }
}
