package dev.edgeship.bench;

import android.content.Context;
import android.content.Intent;
import android.database.Cursor;
import android.net.Uri;
import android.provider.OpenableColumns;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;

/**
 * A file that another app, or the system's picker, gives.
 *
 * <p>Only content addresses are taken: behind them, the other app opens the file with its own
 * rights. A path, or the address of this app's own provider, would be opened with ours.
 */
final class Incoming {
  private final Context context;
  private final Uri uri;

  private Incoming(Context context, Uri uri) {
    this.context = context;
    this.uri = uri;
  }

  /**
   * Returns the file that an intent of another app hands over.
   *
   * @return null if the intent hands over none
   * @throws Refused if it names one that this app must not open
   */
  static Incoming of(Context context, Intent intent) throws Refused {
    String action = intent.getAction();
    if (Intent.ACTION_VIEW.equals(action)) return at(context, intent.getData());
    if (!Intent.ACTION_SEND.equals(action)) return null;
    try {
      return at(context, (Uri) intent.getParcelableExtra(Intent.EXTRA_STREAM));
    } catch (RuntimeException error) {
      // What another app has packed into the intent is no address, or cannot be unpacked.
      throw new Refused(R.string.refused_no_address);
    }
  }

  /** Returns the file at an address. */
  static Incoming at(Context context, Uri uri) throws Refused {
    if (uri == null || uri.getAuthority() == null) throw new Refused(R.string.refused_no_address);
    if (!"content".equals(uri.getScheme())) {
      throw new Refused(R.string.refused_scheme, Names.shown(String.valueOf(uri.getScheme())));
    }
    // The name of a user may stand before the authority: 0@authority.
    String authority = uri.getAuthority().toLowerCase(Locale.ROOT);
    String owner = authority.substring(authority.lastIndexOf('@') + 1);
    if ((owner + ".").startsWith(context.getPackageName() + ".")) {
      throw new Refused(R.string.refused_own);
    }
    return new Incoming(context, uri);
  }

  /** Returns what people call it. */
  String name() {
    String[] columns = {OpenableColumns.DISPLAY_NAME};
    try (Cursor row = context.getContentResolver().query(uri, columns, null, null, null)) {
      if (row != null && row.moveToFirst() && !row.isNull(0)) return Names.shown(row.getString(0));
    }
    String last = uri.getLastPathSegment();
    return Names.shown(last == null ? uri.getAuthority() : last);
  }

  /**
   * Copies it.
   *
   * @param target where to; nothing is there if this fails
   * @param most the most bytes that are taken
   * @throws Refused if it has more, or gives none
   */
  void copy(File target, long most) throws Refused, IOException {
    try (InputStream from = context.getContentResolver().openInputStream(uri)) {
      if (from == null) throw new Refused(R.string.refused_no_file, name());
      Copying.copy(from, target, most, name());
    }
  }
}
