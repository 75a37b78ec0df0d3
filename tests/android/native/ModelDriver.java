package dev.edgeship.bench;

import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** Reads paths, a line each, and prints what is said of each file. */
final class ModelDriver {
  public static void main(String[] words) throws Exception {
    InputStreamReader in = new InputStreamReader(System.in, StandardCharsets.UTF_8);
    try (BufferedReader reader = new BufferedReader(in)) {
      for (String path = reader.readLine(); path != null; path = reader.readLine()) {
        try {
          ModelFile.check(new File(path), "the file");
          System.out.println("whole");
        } catch (Refused refused) {
          System.out.println(R.NAMES[refused.sentence]);
        }
      }
    }
  }
}
