package dev.edgeship.doubles;

import android.content.res.ColorStateList;
import android.content.res.Configuration;
import android.content.res.Resources;
import android.util.DisplayMetrics;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The app's resources by number.
 *
 * <p>Values come from a file of lines "type TAB name TAB qualifiers TAB value" that resources.py has
 * made from res/; numbers come from the app's class R.
 */
public final class Table {
  private static Table own;

  private final Map<Integer, String> names = new HashMap<>();
  private final Map<String, String> values = new HashMap<>();
  private final Configuration configuration = new Configuration();
  private final DisplayMetrics metrics = new DisplayMetrics();

  private Table() {
    configure();
    String path = System.getProperty("phone.resources");
    if (path == null) return;
    try {
      readNumbers();
      readValues(Files.readAllLines(new File(path).toPath(), StandardCharsets.UTF_8));
    } catch (IOException | ReflectiveOperationException error) {
      throw new IllegalStateException(error);
    }
  }

  /** Returns the table of the app in this process. */
  public static synchronized Table ofApp() {
    if (own == null) own = new Table();
    return own;
  }

  /** Takes on another configuration, as {@link #configure} reads it from properties. */
  public static synchronized void forget() {
    own = null;
  }

  public Configuration configuration() {
    return configuration;
  }

  public DisplayMetrics metrics() {
    return metrics;
  }

  /** Returns a resource's name, such as "string/app_name". */
  public String name(int id) {
    String name = names.get(id);
    if (name == null) throw new Resources.NotFoundException(String.format("Resource ID #0x%x", id));
    return name;
  }

  public String text(String type, int id) {
    if (id == android.R.string.cancel) return "Cancel";
    if (id == android.R.string.ok) return "OK";
    return value(type, id);
  }

  public String plural(int id, int count) {
    String name = name(id) + "#" + (count == 1 ? "one" : "other");
    String value = values.get(name);
    return value != null ? value : values.get(name(id) + "#other");
  }

  public int color(int id) {
    return color(value("color", id));
  }

  /** Returns a color that may depend on whether a view is enabled. */
  public ColorStateList colors(int id) {
    String[] words = value("color", id).split(" ");
    if (!words[0].equals("selector")) return ColorStateList.valueOf(color(words[0]));
    int[][] states = new int[words.length - 1][];
    int[] colors = new int[words.length - 1];
    for (int i = 0; i < colors.length; i++) {
      String[] parts = words[i + 1].split(";");
      int state = android.R.attr.state_enabled;
      states[i] =
          parts[0].equals("any") ? new int[0] : new int[] {parts[0].equals("true") ? state : -state};
      int color = color(parts[2]);
      int alpha = Math.round((color >>> 24) * Float.parseFloat(parts[1]));
      colors[i] = color & 0xffffff | alpha << 24;
    }
    return new ColorStateList(states, colors);
  }

  public float dimension(int id, DisplayMetrics metrics) {
    String value = value("dimen", id);
    float number = Float.parseFloat(value.replaceAll("[a-z]+$", ""));
    if (value.endsWith("sp")) return number * metrics.scaledDensity;
    if (value.endsWith("dp") || value.endsWith("dip")) return number * metrics.density;
    if (value.endsWith("px")) return number;
    throw new Resources.NotFoundException(name(id) + " is " + value);
  }

  /** Returns a color of the app's theme; where it has none, that of the theme Material. */
  public int attribute(String name) {
    for (String style = "App"; style != null; style = values.get("style/" + style)) {
      String value = values.get("item/" + style + "#" + name);
      if (value != null) return color(value);
    }
    boolean night = configuration.uiMode == Configuration.UI_MODE_NIGHT_YES;
    switch (name) {
      case "android:textColorPrimary":
        return night ? 0xffffffff : 0xde000000;
      case "android:textColorSecondary":
        return night ? 0xb3ffffff : 0x8a000000;
      case "android:colorButtonNormal":
        return night ? 0xff5a595b : 0xffd6d7d7;
      case "android:windowBackground":
        return night ? 0xff303030 : 0xfffafafa;
      case "android:colorAccent":
        return night ? 0xff80cbc4 : 0xff009688;
      default:
        throw new Resources.NotFoundException(name);
    }
  }

  private int color(String value) {
    if (value.startsWith("@color/")) return color(values.get(value.substring(1)));
    if (value.equals("@android:color/transparent")) return 0;
    if (value.equals("@android:color/white")) return 0xffffffff;
    if (value.equals("@android:color/black")) return 0xff000000;
    String digits = value.substring(1);
    if (digits.length() <= 4) digits = digits.replaceAll("(.)", "$1$1");
    long number = Long.parseLong(digits, 16);
    return (int) (digits.length() == 6 ? 0xff000000L | number : number);
  }

  private String value(String type, int id) {
    String name = name(id);
    String value = values.get(name);
    if (value == null || !name.startsWith(type + "/")) {
      throw new Resources.NotFoundException(name + " is no " + type + " that the table has");
    }
    return value;
  }

  private void configure() {
    configuration.locale = Locale.forLanguageTag(System.getProperty("phone.locale", "en-US"));
    Locale.setDefault(configuration.locale);
    configuration.fontScale = Float.parseFloat(System.getProperty("phone.font_scale", "1"));
    if (Boolean.getBoolean("phone.night")) configuration.uiMode = Configuration.UI_MODE_NIGHT_YES;
    String language = configuration.locale.getLanguage();
    boolean leftwards = Boolean.getBoolean("phone.rtl") || Arrays.asList("ar", "fa", "he", "iw").contains(language);
    configuration.direct(leftwards ? 1 : 0);
    metrics.density = Float.parseFloat(System.getProperty("phone.density", "2"));
    metrics.densityDpi = Math.round(metrics.density * 160);
    metrics.scaledDensity = metrics.density * configuration.fontScale;
    metrics.widthPixels = Math.round(configuration.screenWidthDp * metrics.density);
    metrics.heightPixels = Math.round(configuration.screenHeightDp * metrics.density);
  }

  private void readNumbers() throws ReflectiveOperationException {
    for (String type : Arrays.asList(
        "string", "color", "dimen", "plurals", "array", "integer", "bool", "drawable", "mipmap",
        "id", "style", "xml", "layout")) {
      Class<?> group;
      try {
        group = Class.forName(Phone.PACKAGE + ".R$" + type);
      } catch (ClassNotFoundException error) {
        continue;  // The app has none of this type.
      }
      for (Field field : group.getDeclaredFields()) {
        field.setAccessible(true);
        names.put(field.getInt(null), type + "/" + field.getName());
      }
    }
  }

  private void readValues(List<String> lines) {
    Map<String, Integer> best = new HashMap<>();
    for (String line : lines) {
      String[] parts = line.split("\t", 4);
      int rank = rank(parts[2]);
      String name = parts[0] + "/" + parts[1];
      if (rank < 0 || rank <= best.getOrDefault(name, -1)) continue;
      best.put(name, rank);
      values.put(name, unescape(parts[3]));
    }
  }

  /** How well qualifiers fit the configuration, -1 where they do not. */
  private int rank(String qualifiers) {
    int rank = 0;
    Set<String> parts = new HashSet<>(Arrays.asList(qualifiers.split("-")));
    parts.remove("");
    for (String part : parts) {
      if (part.matches("v[0-9]+")) {
        if (Integer.parseInt(part.substring(1)) > Phone.SDK) return -1;
        rank += Integer.parseInt(part.substring(1));
      } else if (part.equals("night")) {
        if (configuration.uiMode != Configuration.UI_MODE_NIGHT_YES) return -1;
        rank += 1000;
      } else if (part.equals("ldrtl")) {
        if (configuration.getLayoutDirection() != 1) return -1;
        rank += 2000;
      } else if (part.equals(configuration.locale.getLanguage())) {
        rank += 4000;
      } else {
        return -1;
      }
    }
    return rank;
  }

  private static String unescape(String text) {
    StringBuilder made = new StringBuilder();
    for (int at = 0; at < text.length(); at++) {
      char letter = text.charAt(at);
      if (letter == '\\') {
        char next = text.charAt(++at);
        made.append(next == 'n' ? '\n' : next == 't' ? '\t' : next == '0' ? '\0' : next);
      } else {
        made.append(letter);
      }
    }
    return made.toString();
  }
}
