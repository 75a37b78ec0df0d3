package android.content;

import android.database.Cursor;
import android.net.Uri;
import android.os.Bundle;
import android.os.CancellationSignal;
import android.os.ParcelFileDescriptor;
import dev.edgeship.doubles.Hook;
import java.io.FileNotFoundException;

/** A component that gives data to others. */
public abstract class ContentProvider {
  private Context context;

  @Hook
  public void attach(Context context) {
    this.context = context;
    onCreate();
  }

  public final Context getContext() {
    return context;
  }

  public final String getCallingPackage() {
    return "com.android.shell";
  }

  public abstract boolean onCreate();

  public abstract Cursor query(
      Uri uri, String[] columns, String selection, String[] arguments, String order);

  public Cursor query(
      Uri uri,
      String[] columns,
      String selection,
      String[] arguments,
      String order,
      CancellationSignal signal) {
    return query(uri, columns, selection, arguments, order);
  }

  public abstract String getType(Uri uri);

  public abstract Uri insert(Uri uri, ContentValues values);

  public abstract int delete(Uri uri, String selection, String[] arguments);

  public abstract int update(
      Uri uri, ContentValues values, String selection, String[] arguments);

  public ParcelFileDescriptor openFile(Uri uri, String mode) throws FileNotFoundException {
    throw new FileNotFoundException("No files supported by provider at " + uri);
  }

  public ParcelFileDescriptor openFile(Uri uri, String mode, CancellationSignal signal)
      throws FileNotFoundException {
    return openFile(uri, mode);
  }

  public Bundle call(String method, String argument, Bundle extras) {
    return null;
  }
}
