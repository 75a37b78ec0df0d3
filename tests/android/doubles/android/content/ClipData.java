package android.content;

import android.net.Uri;
import android.os.Parcelable;
import java.util.ArrayList;
import java.util.List;

/** What is handed over beside an intent. */
public class ClipData implements Parcelable {
  private final List<Item> items = new ArrayList<>();

  private ClipData() {}

  public static ClipData newRawUri(CharSequence label, Uri uri) {
    return newUri(null, label, uri);
  }

  public static ClipData newUri(ContentResolver resolver, CharSequence label, Uri uri) {
    ClipData made = new ClipData();
    made.items.add(new Item(uri));
    return made;
  }

  public int getItemCount() {
    return items.size();
  }

  public Item getItemAt(int index) {
    return items.get(index);
  }

  /** One of them. */
  public static class Item {
    private final Uri uri;

    public Item(Uri uri) {
      this.uri = uri;
    }

    public Uri getUri() {
      return uri;
    }
  }
}
