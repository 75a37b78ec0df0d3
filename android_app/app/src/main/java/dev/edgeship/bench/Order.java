package dev.edgeship.bench;

import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What to run: words of the runner's command line, which device_bench/runners/native/options.c
 * reads.
 *
 * <p>Only options that are known here pass, so that no path reaches the runner unseen.
 */
final class Order {
  static final int MAX_BYTES = 64 << 10;

  /** The most that a flatbuffer can address. */
  static final long MAX_FILE_BYTES = Integer.MAX_VALUE;

  private static final String MODEL = "--model";
  private static final Set<String> FILES = set(MODEL, "--input");
  private static final Set<String> FLAGS = set("--profile", "--frequency");
  private static final Set<String> VALUES =
      set(
          "--accelerator", "--cores", "--threads", "--warmup-runs", "--warmup-ns", "--runs",
          "--run-ns", "--max-runs");

  /** The words, each path with its links resolved. */
  final List<String> words;

  /** The file to run. */
  final File model;

  private Order(List<String> words, File model) {
    this.words = Collections.unmodifiableList(words);
    this.model = model;
  }

  /**
   * Reads an order file: UTF-8, one word a line.
   *
   * @param path where it lies
   * @param folders where it and all files that it names may lie
   * @throws Refused if it, or a file that it names, is not what it should be
   */
  static Order read(String path, List<File> folders) throws Refused, IOException {
    File file = Confined.file(path, folders, MAX_BYTES);
    return of(TextFile.lines(file, MAX_BYTES), folders);
  }

  /** Checks the words of an order, as {@link #read} does. */
  static Order of(List<String> words, List<File> folders) throws Refused, IOException {
    List<String> checked = new ArrayList<>();
    File model = null;
    for (int i = 0; i < words.size(); i++) {
      String option = words.get(i);
      checked.add(option);
      if (FLAGS.contains(option)) continue;
      boolean isFile = FILES.contains(option);
      if (!isFile && !VALUES.contains(option)) {
        throw new Refused(R.string.refused_option, option);
      }
      if (++i == words.size()) throw new Refused(R.string.refused_no_value, option);
      String value = words.get(i);
      if (isFile) {
        File file = Confined.file(value, folders, MAX_FILE_BYTES);
        if (option.equals(MODEL)) model = file;
        value = file.getPath();
      }
      checked.add(value);
    }
    if (model == null) throw new Refused(R.string.refused_no_model);
    ModelFile.check(model, model.getName());
    return new Order(checked, model);
  }

  /** Returns the value of an option, or a default where it is not given. */
  String value(String option, String otherwise) {
    int index = words.lastIndexOf(option);
    return index < 0 ? otherwise : words.get(index + 1);
  }

  private static Set<String> set(String... words) {
    return new HashSet<>(Arrays.asList(words));
  }
}
