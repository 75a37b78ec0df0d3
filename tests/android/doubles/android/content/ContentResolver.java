package android.content;

import android.database.Cursor;
import android.database.MatrixCursor;
import android.net.Uri;
import android.os.ParcelFileDescriptor;
import dev.edgeship.doubles.Hook;
import dev.edgeship.doubles.Phone;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The way to the data of other apps: here, to the documents that a test has put there. */
public abstract class ContentResolver {
  public static final String SCHEME_CONTENT = "content";
  public static final String SCHEME_FILE = "file";

  @Hook
  public ContentResolver(Context context) {}

  public final InputStream openInputStream(Uri uri) throws FileNotFoundException {
    return new FileInputStream(shared(uri).file);
  }

  public final ParcelFileDescriptor openFileDescriptor(Uri uri, String mode)
      throws FileNotFoundException {
    return ParcelFileDescriptor.open(shared(uri).file, ParcelFileDescriptor.parseMode(mode));
  }

  public final String getType(Uri uri) {
    Phone.Shared found = Phone.SHARED.get(uri.toString());
    return found == null ? null : found.type;
  }

  public final Cursor query(
      Uri uri, String[] columns, String selection, String[] arguments, String order) {
    if (uri.getPathSegments().contains("tree")) return children(uri, columns);
    Phone.Shared found = Phone.SHARED.get(uri.toString());
    if (found == null) return null;
    String[] wanted = columns == null ? new String[] {"_display_name", "_size"} : columns;
    MatrixCursor cursor = new MatrixCursor(wanted);
    cursor.addRow(
        Arrays.stream(wanted)
            .map(
                name ->
                    name.equals("_display_name")
                        ? found.name
                        : name.equals("_size") ? (Object) found.size : null)
            .toArray());
    return cursor;
  }

  /** Lists a folder that the user chose. */
  private static Cursor children(Uri uri, String[] columns) {
    String[] names = treeOf(uri).list();
    MatrixCursor cursor = new MatrixCursor(columns);
    for (String name : names) {
      cursor.addRow(
          Arrays.stream(columns)
              .map(column -> column.equals("document_id") ? "id of " + name : name)
              .toArray());
    }
    return cursor;
  }

  private static File treeOf(Uri uri) {
    List<String> parts = uri.getPathSegments();
    for (Map.Entry<String, File> tree : Phone.TREES.entrySet()) {
      Uri root = Uri.parse(tree.getKey());
      boolean same = root.getAuthority().equals(uri.getAuthority());
      if (same && root.getPathSegments().equals(parts.subList(0, 2))) return tree.getValue();
    }
    throw new SecurityException("Permission Denial: " + uri);
  }

  public void takePersistableUriPermission(Uri uri, int flags) {}

  private static Phone.Shared shared(Uri uri) throws FileNotFoundException {
    List<String> parts = uri.getPathSegments();
    if (parts.size() == 4 && parts.get(2).equals("document")) {
      String name = parts.get(3).substring("id of ".length());
      return new Phone.Shared(name, new File(treeOf(uri), name), null, "");
    }
    Phone.Shared found = Phone.SHARED.get(uri.toString());
    if (found == null) {
      if ("file".equals(uri.getScheme())) {
        return new Phone.Shared(uri.getLastPathSegment(), new File(uri.getPath()), null, null);
      }
      throw new FileNotFoundException("No content provider: " + uri);
    }
    if (found.type.equals("refused")) throw new SecurityException("Permission Denial: " + uri);
    return found;
  }
}
