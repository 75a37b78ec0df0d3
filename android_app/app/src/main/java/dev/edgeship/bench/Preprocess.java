package dev.edgeship.bench;

import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** What a picture goes through before a network reads it, as a manifest says. */
final class Preprocess {
  private final boolean blueFirst;
  private final double crop;

  // The network's number for each value of a pixel, by channel in the network's order.
  private final float[][] numbers;

  private Preprocess(boolean blueFirst, double crop, float[][] numbers) {
    this.blueFirst = blueFirst;
    this.crop = crop;
    this.numbers = numbers;
  }

  /**
   * Reads the entry "preprocess" of a manifest.
   *
   * @throws Refused if it says nothing, or what makes no sense
   */
  static Preprocess read(JSONObject entry) throws Refused, JSONException {
    String order = entry.getString("color_order");
    double crop = entry.getDouble("crop");
    double scale = entry.getDouble("scale");
    double[] mean = doubles(entry.getJSONArray("mean"));
    double[] std = doubles(entry.getJSONArray("std"));
    int channels = order.equals("grayscale") ? 1 : 3;
    boolean known = channels == 1 || order.equals("RGB") || order.equals("BGR");
    boolean fits = mean.length == channels && std.length == channels;
    if (!known || !fits || !(crop > 0 && crop <= 1) || !(scale > 0)) {
      throw new Refused(R.string.refused_preprocess);
    }
    float[][] numbers = new float[channels][];
    for (int i = 0; i < channels; i++) numbers[i] = numbers(scale, mean[i], std[i]);
    return new Preprocess(order.equals("BGR"), crop, numbers);
  }

  int channels() {
    return numbers.length;
  }

  /**
   * Returns the middle of a picture as the network sees it.
   *
   * @return of shape (height, width, channels); red first, or gray
   * @throws Refused if the picture is too large
   */
  byte[] pixels(Rows picture, int height, int width) throws Refused {
    return new Cropping(height, width, channels(), crop).apply(picture);
  }

  /** Returns the network's numbers for pixels, the channels in the network's order. */
  float[] numbers(byte[] pixels) {
    int channels = channels();
    float[] values = new float[pixels.length];
    for (int i = 0; i < pixels.length; i += channels) {
      for (int channel = 0; channel < channels; channel++) {
        int from = blueFirst ? channels - 1 - channel : channel;
        values[i + channel] = numbers[channel][pixels[i + from] & 0xff];
      }
    }
    return values;
  }

  /** Returns pixels as they are, for a file that normalises them itself. */
  static float[] unchanged(byte[] pixels) {
    float[] values = new float[pixels.length];
    for (int i = 0; i < pixels.length; i++) values[i] = pixels[i] & 0xff;
    return values;
  }

  /** Computes in float32, in the order of `normalize` in export/calibration/preprocess.py. */
  private static float[] numbers(double scale, double mean, double std) throws Refused {
    float[] numbers = new float[256];
    for (int pixel = 0; pixel < numbers.length; pixel++) {
      // The manifest says 1 / 255, and Python divides by 255: the quotients are not all equal.
      float scaled = pixel / (float) (1 / scale);
      numbers[pixel] = (scaled - (float) mean) / (float) std;
      if (Float.isNaN(numbers[pixel]) || Float.isInfinite(numbers[pixel])) {
        throw new Refused(R.string.refused_preprocess);
      }
    }
    return numbers;
  }

  private static double[] doubles(JSONArray array) throws JSONException {
    double[] values = new double[array.length()];
    for (int i = 0; i < values.length; i++) values[i] = array.getDouble(i);
    return values;
  }
}
