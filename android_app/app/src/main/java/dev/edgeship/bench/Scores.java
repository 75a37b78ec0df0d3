package dev.edgeship.bench;

/** A network's numbers for all classes, and what they can be called. */
final class Scores {
  /** What the numbers are. */
  enum Kind {
    /** The network gave numbers that add up to 1. */
    PROBABILITIES,
    /** It gave others, some below 0 or above 1, and softmax made these of them. */
    SOFTMAX,
    /** It gave numbers from 0 to 1 that do not add up to 1: shown as they are. */
    SCORES
  }

  final Kind kind;
  final float[] values;

  private Scores(Kind kind, float[] values) {
    this.kind = kind;
    this.values = values;
  }

  /**
   * Finds out what a network's outputs are.
   *
   * @throws Refused if one is NaN or infinite
   */
  static Scores of(float[] outputs) throws Refused {
    double sum = 0;
    boolean fractions = true;
    for (float output : outputs) {
      if (Float.isNaN(output) || Float.isInfinite(output)) {
        throw new Refused(R.string.refused_not_finite);
      }
      fractions &= output >= 0 && output <= 1;
      sum += output;
    }
    if (!fractions) return new Scores(Kind.SOFTMAX, softmax(outputs));
    // Rounded to 8 bits, a thousand small numbers miss 1 by a few hundredths.
    boolean whole = Math.abs(sum - 1) < 0.05;
    return new Scores(whole ? Kind.PROBABILITIES : Kind.SCORES, outputs);
  }

  /** Returns the classes with the largest numbers, the largest first; the first of equal ones. */
  int[] top(int count) {
    int[] best = new int[Math.min(count, values.length)];
    boolean[] taken = new boolean[values.length];
    for (int i = 0; i < best.length; i++) {
      int next = -1;
      for (int k = 0; k < values.length; k++) {
        if (!taken[k] && (next < 0 || values[k] > values[next])) next = k;
      }
      taken[next] = true;
      best[i] = next;
    }
    return best;
  }

  private static float[] softmax(float[] logits) {
    double most = Double.NEGATIVE_INFINITY;
    for (float logit : logits) most = Math.max(most, logit);
    double[] powers = new double[logits.length];
    double sum = 0;
    for (int i = 0; i < powers.length; i++) sum += powers[i] = Math.exp(logits[i] - most);
    float[] values = new float[powers.length];
    for (int i = 0; i < values.length; i++) values[i] = (float) (powers[i] / sum);
    return values;
  }
}
