package android.net;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A URI, taken apart as Android does it: nothing in it is made simpler, so ".." stays. */
public abstract class Uri implements android.os.Parcelable, Comparable<Uri> {
  public static final Uri EMPTY = parse("");

  public static Uri parse(String text) {
    return new Text(text);
  }

  public static Uri fromFile(File file) {
    return parse("file://" + encode(file.getAbsolutePath(), "/"));
  }

  public static Uri withAppendedPath(Uri base, String segment) {
    return base.buildUpon().appendEncodedPath(segment).build();
  }

  public static String encode(String text) {
    return encode(text, null);
  }

  public static String encode(String text, String allowed) {
    if (text == null) return null;
    StringBuilder made = new StringBuilder();
    for (byte unit : text.getBytes(StandardCharsets.UTF_8)) {
      char letter = (char) (unit & 0xff);
      boolean plain =
          letter >= 'a' && letter <= 'z'
              || letter >= 'A' && letter <= 'Z'
              || letter >= '0' && letter <= '9'
              || "_-!.~'()*".indexOf(letter) >= 0
              || allowed != null && allowed.indexOf(letter) >= 0;
      if (plain) made.append(letter);
      else made.append(String.format("%%%02X", unit & 0xff));
    }
    return made.toString();
  }

  public static String decode(String text) {
    if (text == null) return null;
    ByteArrayOutputStream made = new ByteArrayOutputStream();
    byte[] units = text.getBytes(StandardCharsets.UTF_8);
    for (int at = 0; at < units.length; at++) {
      int high = at + 2 < units.length ? Character.digit(units[at + 1], 16) : -1;
      int low = at + 2 < units.length ? Character.digit(units[at + 2], 16) : -1;
      if (units[at] == '%' && high >= 0 && low >= 0) {
        made.write(high << 4 | low);
        at += 2;
      } else {
        made.write(units[at]);
      }
    }
    return new String(made.toByteArray(), StandardCharsets.UTF_8);
  }

  public abstract String getScheme();

  public abstract String getAuthority();

  public abstract String getEncodedPath();

  public abstract String getEncodedQuery();

  public abstract String getFragment();

  public abstract String toString();

  public abstract Builder buildUpon();

  public abstract String getPath();

  public abstract List<String> getPathSegments();

  public abstract String getLastPathSegment();

  public String getQueryParameter(String key) {
    String query = getEncodedQuery();
    if (query == null) return null;
    for (String part : query.split("&")) {
      int equals = part.indexOf('=');
      String name = equals < 0 ? part : part.substring(0, equals);
      if (decode(name).equals(key)) return equals < 0 ? "" : decode(part.substring(equals + 1));
    }
    return null;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Uri && toString().equals(other.toString());
  }

  @Override
  public int hashCode() {
    return toString().hashCode();
  }

  @Override
  public int compareTo(Uri other) {
    return toString().compareTo(other.toString());
  }

  private static final class Text extends Uri {
    private final String whole;
    private final String scheme;
    private final String authority;
    private final String path;
    private final String query;
    private final String fragment;

    Text(String text) {
      if (text == null) throw new NullPointerException("uriString");
      whole = text;
      int colon = text.indexOf(':');
      scheme = colon < 0 ? null : text.substring(0, colon);
      String rest = text.substring(colon + 1);
      int hash = rest.indexOf('#');
      fragment = hash < 0 ? null : decode(rest.substring(hash + 1));
      if (hash >= 0) rest = rest.substring(0, hash);
      if (scheme != null && !rest.startsWith("/")) {  // opaque, such as mailto:somebody
        authority = path = query = null;
        return;
      }
      int mark = rest.indexOf('?');
      query = mark < 0 ? null : rest.substring(mark + 1);
      if (mark >= 0) rest = rest.substring(0, mark);
      if (rest.startsWith("//")) {
        int end = 2;
        // A backslash ends it as well, since Android 8.
        while (end < rest.length() && rest.charAt(end) != '/' && rest.charAt(end) != '\\') end++;
        authority = decode(rest.substring(2, end));
        path = rest.substring(end);
      } else {
        authority = null;
        path = rest;
      }
    }

    @Override
    public String getScheme() {
      return scheme;
    }

    @Override
    public String getAuthority() {
      return authority;
    }

    @Override
    public String getEncodedPath() {
      return path;
    }

    @Override
    public String getEncodedQuery() {
      return query;
    }

    @Override
    public String getFragment() {
      return fragment;
    }

    @Override
    public String getPath() {
      return decode(path);
    }

    @Override
    public List<String> getPathSegments() {
      List<String> parts = new ArrayList<>();
      if (path != null) {
        for (String part : path.split("/")) {
          if (!part.isEmpty()) parts.add(decode(part));
        }
      }
      return Collections.unmodifiableList(parts);
    }

    @Override
    public String getLastPathSegment() {
      List<String> parts = getPathSegments();
      return parts.isEmpty() ? null : parts.get(parts.size() - 1);
    }

    @Override
    public String toString() {
      return whole;
    }

    @Override
    public Builder buildUpon() {
      Builder builder = new Builder().scheme(scheme).authority(authority);
      builder.path = path;
      builder.query = query;
      return builder;
    }
  }

  /** Puts a URI together. */
  public static final class Builder {
    private String scheme;
    private String authority;
    private String path;
    private String query;

    public Builder scheme(String text) {
      scheme = text;
      return this;
    }

    public Builder authority(String text) {
      authority = text;
      return this;
    }

    public Builder path(String text) {
      path = encode(text, "/");
      return this;
    }

    public Builder appendPath(String segment) {
      return appendEncodedPath(encode(segment));
    }

    public Builder appendEncodedPath(String segment) {
      String before = path == null ? "" : path;
      path = (before.endsWith("/") ? before : before + "/") + segment;
      return this;
    }

    public Builder appendQueryParameter(String key, String value) {
      query = (query == null ? "" : query + "&") + encode(key) + "=" + encode(value);
      return this;
    }

    public Uri build() {
      StringBuilder made = new StringBuilder();
      if (scheme != null) made.append(scheme).append(':');
      if (authority != null) made.append("//").append(encode(authority, "@:"));
      if (path != null) {
        if (authority != null && !path.isEmpty() && !path.startsWith("/")) made.append('/');
        made.append(path);
      }
      if (query != null) made.append('?').append(query);
      return parse(made.toString());
    }

    @Override
    public String toString() {
      return build().toString();
    }
  }
}
