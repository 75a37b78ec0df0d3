package dev.edgeship.bench;

/** The newest frames, as an input takes them; a picture is a clip of one frame. */
final class Clip {
  /** The input's numbers, in the order of its axes. */
  final float[] values;

  private final Port input;
  private final int frames;
  private final int channels;
  private boolean empty = true;

  /**
   * Prepares for an input.
   *
   * @throws Refused if it takes no picture of so many channels, or several at once
   */
  Clip(Port input, int channels) throws Refused {
    boolean isPicture = input.shape.length == 4 && isOneOf(input.layout, "NHWC", "NCHW");
    boolean isClip = input.shape.length == 5 && isOneOf(input.layout, "NDHWC", "NCDHW");
    if (!isPicture && !isClip) throw new Refused(R.string.refused_no_pictures);
    if (input.extent('N') != 1) throw new Refused(R.string.refused_batch, input.extent('N'));
    if (input.extent('C') != channels) throw new Refused(R.string.refused_preprocess);
    this.input = input;
    this.channels = channels;
    frames = input.extent('D');
    values = new float[input.elements()];
  }

  /**
   * Adds the newest frame; the first one is taken for all that came before it.
   *
   * @param frame of shape (height, width, channels)
   */
  void push(float[] frame) {
    for (int i = 0; i < frames - 1; i++) {
      if (empty) place(frame, i);
      else move(i + 1, i);
    }
    place(frame, frames - 1);
    empty = false;
  }

  /** Forgets all frames. */
  void clear() {
    empty = true;
  }

  private void place(float[] frame, int number) {
    int rowStride = input.stride('H');
    int columnStride = input.stride('W');
    int channelStride = input.stride('C');
    int from = 0;
    for (int y = 0; y < input.extent('H'); y++) {
      for (int x = 0; x < input.extent('W'); x++) {
        int to = start(number) + y * rowStride + x * columnStride;
        for (int channel = 0; channel < channels; channel++) {
          values[to + channel * channelStride] = frame[from++];
        }
      }
    }
  }

  /** Copies a frame to the place of another. Its numbers may lie apart, a channel at a time. */
  private void move(int from, int to) {
    int blocks = input.layout.indexOf('C') < input.layout.indexOf('D') ? channels : 1;
    int length = input.stride('D');
    for (int block = 0; block < blocks; block++) {
      int begin = block * frames * length;
      System.arraycopy(values, begin + from * length, values, begin + to * length, length);
    }
  }

  private int start(int number) {
    return frames == 1 ? 0 : number * input.stride('D');
  }

  private static boolean isOneOf(String layout, String first, String second) {
    return layout.equals(first) || layout.equals(second);
  }
}
