package android.graphics;

import dev.edgeship.doubles.Hook;
import java.awt.Font;
import java.awt.FontFormatException;
import java.io.File;
import java.io.IOException;

/** A font: the one in the folder "phone.fonts" that is named as Android's, or Java's own. */
public class Typeface {
  public static final int NORMAL = 0;
  public static final int BOLD = 1;
  public static final int ITALIC = 2;
  public static final Typeface DEFAULT = new Typeface("sans-serif", NORMAL);
  public static final Typeface DEFAULT_BOLD = new Typeface("sans-serif", BOLD);
  public static final Typeface MONOSPACE = new Typeface("monospace", NORMAL);
  public static final Typeface SANS_SERIF = new Typeface("sans-serif", NORMAL);

  private final String family;
  private final int style;
  private Font font;

  private Typeface(String family, int style) {
    this.family = family;
    this.style = style;
  }

  public static Typeface create(String family, int style) {
    return new Typeface(family, style);
  }

  public static Typeface create(Typeface other, int style) {
    return new Typeface(other == null ? "sans-serif" : other.family, style);
  }

  public static Typeface defaultFromStyle(int style) {
    return new Typeface("sans-serif", style);
  }

  public int getStyle() {
    return style;
  }

  public boolean isBold() {
    return (style & BOLD) != 0;
  }

  @Hook
  public Font font() {
    if (font == null) font = load();
    return font;
  }

  private Font load() {
    String folder = System.getProperty("phone.fonts");
    String logical = family.equals("monospace") ? Font.MONOSPACED : Font.SANS_SERIF;
    if (folder == null || family.equals("monospace")) {
      return new Font(logical, isBold() ? Font.BOLD : Font.PLAIN, 12);
    }
    String weight = isBold() ? "Bold" : family.endsWith("-medium") ? "Medium" : "Regular";
    if (family.endsWith("-light")) weight = "Light";
    try {
      return Font.createFont(Font.TRUETYPE_FONT, new File(folder, "Roboto-" + weight + ".ttf"));
    } catch (IOException | FontFormatException error) {
      throw new IllegalStateException(error);
    }
  }
}
