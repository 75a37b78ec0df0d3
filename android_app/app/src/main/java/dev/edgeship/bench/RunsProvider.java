package dev.edgeship.bench;

import android.content.ContentProvider;
import android.content.ContentValues;
import android.database.Cursor;
import android.database.MatrixCursor;
import android.net.Uri;
import android.os.ParcelFileDescriptor;
import android.provider.OpenableColumns;
import android.util.Log;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Locale;
import org.json.JSONException;

/**
 * Gives adb the runs, their reports and outputs; the manifest keeps other apps out.
 *
 * <p>A report comes through a pipe that is open as long as the run goes on: whoever reads it to its
 * end has waited for the run, whatever became of the process.
 */
public final class RunsProvider extends ContentProvider {
  static final String AUTHORITY = "dev.edgeship.bench.runs";

  private static final long BEGIN_WITHIN_MS = 15_000;
  private static final String[] COLUMNS = {"id", "begun", "state", "model"};

  /** Returns the address of all runs as a file, for an app that is given it. */
  static Uri address(String file) {
    return new Uri.Builder().scheme("content").authority(AUTHORITY).appendPath(file).build();
  }

  @Override
  public boolean onCreate() {
    return true;
  }

  @Override
  public ParcelFileDescriptor openFile(Uri uri, String mode) throws FileNotFoundException {
    if (!mode.equals("r")) throw new FileNotFoundException("Runs can only be read.");
    List<String> path = uri.getPathSegments();
    if (isShared(path)) return open(shared(path.get(0)));
    if (path.size() != 2 || !Runs.isId(path.get(0))) throw unknown(uri);
    switch (path.get(1)) {
      case "report":
        return report(path.get(0));
      case "outputs":
        return outputs(path.get(0));
      default:
        throw unknown(uri);
    }
  }

  @Override
  public Cursor query(
      Uri uri, String[] projection, String selection, String[] arguments, String order) {
    List<String> path = uri.getPathSegments();
    if (isShared(path)) return describe(path.get(0), projection);
    if (!path.isEmpty()) return null;
    MatrixCursor rows = new MatrixCursor(COLUMNS);
    for (RunFolder run : runs().newestFirst()) {
      try {
        String state = run.state().name().toLowerCase(Locale.ROOT);
        rows.addRow(
            new Object[] {run.id, run.begun(), state, run.about().optString(RunFolder.MODEL)});
      } catch (IOException error) {
        // Somebody removed it meanwhile, or its files are damaged: the others are still shown.
        Log.w("edgebench", error);
      }
    }
    return rows;
  }

  @Override
  public int delete(Uri uri, String selection, String[] arguments) {
    List<String> path = uri.getPathSegments();
    if (path.size() > 1) return 0;
    try {
      if (path.isEmpty()) return runs().removeAll();
      return runs().remove(path.get(0)) ? 1 : 0;
    } catch (IOException error) {
      throw new IllegalStateException(error.getMessage(), error);
    }
  }

  @Override
  public String getType(Uri uri) {
    List<String> path = uri.getPathSegments();
    return isShared(path) ? SharedFile.type(path.get(0)) : null;
  }

  @Override
  public Uri insert(Uri uri, ContentValues values) {
    throw new UnsupportedOperationException("Runs can only be read and removed.");
  }

  @Override
  public int update(Uri uri, ContentValues values, String selection, String[] arguments) {
    throw new UnsupportedOperationException("Runs can only be read and removed.");
  }

  private ParcelFileDescriptor report(String id) throws FileNotFoundException {
    RunFolder run;
    try {
      run = Follower.await(runs(), id, BEGIN_WITHIN_MS);
    } catch (InterruptedException error) {
      throw new FileNotFoundException("The wait for the run " + id + " was interrupted.");
    }
    if (run == null) throw new FileNotFoundException("No run " + id + " has begun within 15 s.");
    return pipe(run);
  }

  private static ParcelFileDescriptor pipe(RunFolder run) throws FileNotFoundException {
    ParcelFileDescriptor[] ends;
    try {
      ends = ParcelFileDescriptor.createPipe();
    } catch (IOException error) {
      throw new FileNotFoundException("There is no pipe: " + error.getMessage());
    }
    new Thread(() -> write(run, ends[1]), "follow " + run.id).start();
    return ends[0];
  }

  private static void write(RunFolder run, ParcelFileDescriptor end) {
    try (OutputStream out = new ParcelFileDescriptor.AutoCloseOutputStream(end)) {
      Follower.copy(run, out);
    } catch (IOException | InterruptedException error) {
      // The reader has gone, or sees that the report breaks off.
      Log.w("edgebench", error);
    }
  }

  private ParcelFileDescriptor outputs(String id) throws FileNotFoundException {
    RunFolder run = runs().find(id);
    if (run == null) throw new FileNotFoundException("There is no run " + id + ".");
    return open(run.outputs());
  }

  private static ParcelFileDescriptor open(File file) throws FileNotFoundException {
    return ParcelFileDescriptor.open(file, ParcelFileDescriptor.MODE_READ_ONLY);
  }

  private static boolean isShared(List<String> path) {
    return path.size() == 1 && SharedFile.type(path.get(0)) != null;
  }

  private File shared(String name) throws FileNotFoundException {
    try {
      return SharedFile.write(getContext(), name);
    } catch (IOException | JSONException error) {
      Log.w("edgebench", error);
      throw new FileNotFoundException(error.getMessage());
    }
  }

  /** Says what an app that was given the file asks for: its name and size. */
  private Cursor describe(String name, String[] projection) {
    String[] known = {OpenableColumns.DISPLAY_NAME, OpenableColumns.SIZE};
    MatrixCursor row = new MatrixCursor(projection == null ? known : projection);
    MatrixCursor.RowBuilder values = row.newRow();
    try {
      for (String column : row.getColumnNames()) {
        if (column.equals(known[0])) values.add(SharedFile.name(name));
        else if (column.equals(known[1])) values.add(shared(name).length());
        else values.add(null);
      }
    } catch (FileNotFoundException error) {
      return null;
    }
    return row;
  }

  private static FileNotFoundException unknown(Uri uri) {
    return new FileNotFoundException("There is no " + uri + ".");
  }

  private Runs runs() {
    return new Runs(getContext().getFilesDir());
  }
}
