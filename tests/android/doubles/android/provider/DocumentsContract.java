package android.provider;

import android.net.Uri;
import java.util.List;

/** Addresses of folders that the user chose, and of what lies in them. */
public final class DocumentsContract {
  private DocumentsContract() {}

  public static String getTreeDocumentId(Uri tree) {
    List<String> parts = tree.getPathSegments();
    if (parts.size() >= 2 && parts.get(0).equals("tree")) return parts.get(1);
    throw new IllegalArgumentException("Invalid URI: " + tree);
  }

  public static Uri buildDocumentUriUsingTree(Uri tree, String document) {
    return new Uri.Builder()
        .scheme("content")
        .authority(tree.getAuthority())
        .appendPath("tree")
        .appendPath(getTreeDocumentId(tree))
        .appendPath("document")
        .appendPath(document)
        .build();
  }

  public static Uri buildChildDocumentsUriUsingTree(Uri tree, String folder) {
    return buildDocumentUriUsingTree(tree, folder).buildUpon().appendPath("children").build();
  }
}
