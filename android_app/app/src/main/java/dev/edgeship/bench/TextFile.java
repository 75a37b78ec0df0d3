package dev.edgeship.bench;

import java.io.DataInputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** Small files of text. */
final class TextFile {
  private TextFile() {}

  /**
   * Reads a file.
   *
   * @param most the most bytes that it may have
   * @throws Refused if it has more, or is not UTF-8, or holds the character 0
   */
  static String read(File file, long most) throws Refused, IOException {
    String name = file.getName();
    if (file.length() > most) throw new Refused(R.string.refused_too_large, name, most);
    byte[] bytes = new byte[(int) file.length()];
    try (DataInputStream stream = new DataInputStream(new FileInputStream(file))) {
      stream.readFully(bytes);
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      if (text.indexOf('\0') >= 0) throw new Refused(R.string.refused_text, name);
      return text;
    } catch (CharacterCodingException error) {
      throw new Refused(R.string.refused_text, name);
    }
  }

  /** Reads a file's lines; empty ones at its end don't count. */
  static List<String> lines(File file, long most) throws Refused, IOException {
    String text = read(file, most);
    return text.isEmpty() ? Collections.emptyList() : Arrays.asList(text.split("\r?\n"));
  }
}
