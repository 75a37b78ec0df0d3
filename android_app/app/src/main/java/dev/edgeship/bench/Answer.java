package dev.edgeship.bench;

import java.util.List;

/** What a network says about a picture, and how long it took. */
final class Answer {
  /** How many classes there are at most. */
  static final int SHOWN = 5;

  /** A picture as a network saw it. */
  static final class Seen {
    /** Of shape (height, width, channels); red first, or gray. */
    final byte[] pixels;

    final int height;
    final int width;

    Seen(byte[] pixels, int height, int width) {
      this.pixels = pixels;
      this.height = height;
      this.width = width;
    }
  }

  /** The classes with the largest numbers, the largest first. */
  final int[] classes;

  /** Their numbers. */
  final float[] values;

  final Scores.Kind kind;

  /** What the network saw. */
  final Seen seen;

  /** Nanoseconds of preprocessing. */
  final long prepared;

  /** Nanoseconds of the network itself. */
  final long inferred;

  private final List<String> labels;

  Answer(Scores scores, List<String> labels, Seen seen, long prepared, long inferred) {
    classes = scores.top(SHOWN);
    values = new float[classes.length];
    for (int i = 0; i < classes.length; i++) values[i] = scores.values[classes[i]];
    kind = scores.kind;
    this.labels = labels;
    this.seen = seen;
    this.prepared = prepared;
    this.inferred = inferred;
  }

  /** Returns the name of a class, or null if it has none. */
  String label(int place) {
    return labels.isEmpty() ? null : labels.get(classes[place]);
  }
}
