package dev.edgeship.bench;

/**
 * The fields of operators' options, by the numbers that the schema of TensorFlow Lite gives them.
 *
 * <p>The letters are those of {@link Flatbuffer}; also, g is the number of a subgraph, and G a vector
 * of them. A test compares both tables with the schema.
 */
final class OperatorOptions {
  private static final String[] FIRST = {
    "", "1441441", "1444144", "4dd", "1", "144441", "411", "11", "11111a", "4", // from 0
    "41", "11", "1", "4444", "14411", "..11", "g", "d", "441", "4", // from 10
    "1", "1", "", "44", "", "", "", "1", "11", "1", // from 20
    "d", "111", "444441", "", "", "4", "", "11", "", "", // from 30
    "1", "", "", "", "", "", "", "", "", "14411", // from 40
    "1", "", "", "", "", "1", "", "1", "4441", "44", // from 50
    "", "4", "", "", "44", "", "", "", "", "144111", // from 60
    "1111", "144111", "", "", "11", "4", "", "1", "", "4", // from 70
    "1", "", "", "", "", "", "", "44", "", "", // from 80
    "", "", "gg", "gg", "4", "", "", "", "", "", // from 90
    "", "111", "11", "g", "", "", "14441444", "411", "", "", // from 100
    "", "ss", "", "", "88", "d", "1", "", "", "", // from 110
    "", "", "", "", "", "", "", // from 120
  };

  private static final String[] SECOND = {
    "", "8", "h", "hhh", "hhhha88h88h88h88d", "s1s4da", "hg", "1hhh81g", "44", "h", // from 0
    "hhh", "8", "hhhhd", "hhhhhg", "81g", "gg", "hhh8h1", "h", "", "1", // from 10
    "4", "sga14", "", "G", // from 20
  };

  private OperatorOptions() {}

  /** Returns the fields of options of the first kind; those of an unknown number are numbers. */
  static String first(int number) {
    return number < FIRST.length ? FIRST[number] : "";
  }

  /** Returns the fields of options of the second kind. */
  static String second(int number) {
    return number < SECOND.length ? SECOND[number] : "";
  }
}
