package dev.edgeship.bench;

import java.nio.ByteBuffer;
import java.util.List;

/** From a picture to the names of what it shows, with the time that each half took. */
final class Classifier {
  /** What computes: LiteRT on a phone. */
  interface Network {
    /** Runs once; returns the nanoseconds of that, or a negative number if it failed. */
    long infer(ByteBuffer input, ByteBuffer output);
  }

  private final Preprocess preprocess;
  private final Port input;
  private final Port output;
  private final List<String> labels;
  private final Network network;
  private final Clip clip;
  private final ByteBuffer fed;
  private final ByteBuffer given;

  /**
   * Prepares a file.
   *
   * @param labels names of the classes; empty, or one for each
   * @throws Refused if the file takes no pictures, or gives no list of classes
   */
  Classifier(Manifest manifest, Manifest.Artifact artifact, List<String> labels, Network network)
      throws Refused {
    preprocess = manifest.preprocess;
    input = artifact.input;
    output = artifact.output;
    this.labels = labels;
    this.network = network;
    clip = new Clip(input, preprocess.channels());
    int classes = output.elements();
    if (classes < 2 || !output.isList()) throw new Refused(R.string.refused_no_classes);
    if (!labels.isEmpty() && labels.size() != classes) {
      throw new Refused(R.string.refused_labels, labels.size(), classes);
    }
    fed = input.buffer();
    given = output.buffer();
  }

  /**
   * Classifies a picture, or the next frame of a film.
   *
   * @throws Refused if it is too large, or the network fails
   */
  synchronized Answer classify(Rows picture) throws Refused {
    long start = System.nanoTime();
    int height = input.extent('H');
    int width = input.extent('W');
    byte[] pixels = preprocess.pixels(picture, height, width);
    clip.push(input.takesBytes ? Preprocess.unchanged(pixels) : preprocess.numbers(pixels));
    input.write(clip.values, fed);
    long prepared = System.nanoTime() - start;
    long inferred = network.infer(fed, given);
    if (inferred < 0) throw new Refused(R.string.refused_inference, inferred);
    Answer.Seen seen = new Answer.Seen(pixels, height, width);
    return new Answer(Scores.of(output.read(given)), labels, seen, prepared, inferred);
  }

  /** Forgets the frames before, so that the next one begins a clip. */
  synchronized void forget() {
    clip.clear();
  }

  /** Returns a copy of the numbers that were fed last, in the order of the input. */
  synchronized float[] lastInput() {
    return clip.values.clone();
  }
}
