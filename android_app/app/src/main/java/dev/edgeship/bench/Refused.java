package dev.edgeship.bench;

import android.content.res.Resources;

/** Something that this app does not do, with a sentence for whoever asked for it. */
final class Refused extends Exception {
  private static final long serialVersionUID = 1;

  /** The sentence's number in R.string. */
  final int sentence;

  /** What the sentence's %s and %d stand for. */
  final transient Object[] words;

  Refused(int sentence, Object... words) {
    this.sentence = sentence;
    this.words = words;
  }

  /** Returns the sentence. */
  String text(Resources resources) {
    return resources.getString(sentence, words);
  }
}
