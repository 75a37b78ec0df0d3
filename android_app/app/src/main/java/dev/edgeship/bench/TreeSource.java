package dev.edgeship.bench;

import android.content.ContentResolver;
import android.database.Cursor;
import android.net.Uri;
import android.provider.DocumentsContract;
import java.io.IOException;
import java.io.InputStream;

/** A bundle in a folder that the user chose with the system's picker. */
final class TreeSource implements DemoSource {
  private static final String[] COLUMNS = {
    DocumentsContract.Document.COLUMN_DOCUMENT_ID, DocumentsContract.Document.COLUMN_DISPLAY_NAME
  };

  private final ContentResolver resolver;
  private final Uri tree;

  TreeSource(ContentResolver resolver, Uri tree) {
    this.resolver = resolver;
    this.tree = tree;
  }

  @Override
  public InputStream open(String name) throws IOException {
    String folder = DocumentsContract.getTreeDocumentId(tree);
    Uri children = DocumentsContract.buildChildDocumentsUriUsingTree(tree, folder);
    try (Cursor rows = resolver.query(children, COLUMNS, null, null, null)) {
      while (rows != null && rows.moveToNext()) {
        if (!name.equals(rows.getString(1))) continue;
        Uri file = DocumentsContract.buildDocumentUriUsingTree(tree, rows.getString(0));
        return resolver.openInputStream(file);
      }
    }
    return null;
  }

  @Override
  public void close() {}
}
