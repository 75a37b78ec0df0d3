package dev.edgeship.bench;

/** Names that come from other apps or from files, made fit for a screen. */
final class Names {
  private static final int MOST = 120;

  private Names() {}

  /** Returns a name without what would break, hide or turn around the text beside it. */
  static String shown(String name) {
    StringBuilder shown = new StringBuilder();
    for (int i = 0; i < name.length() && shown.length() < MOST; ) {
      int letter = name.codePointAt(i);
      i += Character.charCount(letter);
      shown.appendCodePoint(isPlain(letter) ? letter : '?');
    }
    return shown.toString();
  }

  private static boolean isPlain(int letter) {
    switch (Character.getType(letter)) {
      case Character.CONTROL:
      case Character.FORMAT:
      case Character.LINE_SEPARATOR:
      case Character.PARAGRAPH_SEPARATOR:
      case Character.PRIVATE_USE:
      case Character.SURROGATE:
      case Character.UNASSIGNED:
        return false;
      default:
        return true;
    }
  }
}
