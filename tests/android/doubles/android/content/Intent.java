package android.content;

import android.net.Uri;
import android.os.Bundle;
import android.os.Parcelable;
import dev.edgeship.doubles.Hook;
import java.util.LinkedHashSet;
import java.util.Set;

/** What somebody wants, and its details. */
public class Intent implements Parcelable {
  public static final String ACTION_MAIN = "android.intent.action.MAIN";
  public static final String ACTION_VIEW = "android.intent.action.VIEW";
  public static final String ACTION_SEND = "android.intent.action.SEND";
  public static final String ACTION_GET_CONTENT = "android.intent.action.GET_CONTENT";
  public static final String ACTION_OPEN_DOCUMENT = "android.intent.action.OPEN_DOCUMENT";
  public static final String ACTION_CREATE_DOCUMENT = "android.intent.action.CREATE_DOCUMENT";
  public static final String CATEGORY_OPENABLE = "android.intent.category.OPENABLE";
  public static final String EXTRA_STREAM = "android.intent.extra.STREAM";
  public static final String EXTRA_TEXT = "android.intent.extra.TEXT";
  public static final String EXTRA_TITLE = "android.intent.extra.TITLE";
  public static final String EXTRA_SUBJECT = "android.intent.extra.SUBJECT";
  public static final String EXTRA_INTENT = "android.intent.extra.INTENT";
  public static final int FLAG_GRANT_READ_URI_PERMISSION = 1;
  public static final int FLAG_ACTIVITY_NEW_TASK = 0x10000000;

  @Hook public final Set<String> categories = new LinkedHashSet<>();
  private final Bundle extras = new Bundle();
  private String action;
  private Uri data;
  private String type;
  private ComponentName component;
  private ClipData clip;
  private int flags;

  public Intent() {}

  public Intent(String action) {
    this.action = action;
  }

  public Intent(String action, Uri data) {
    this.action = action;
    this.data = data;
  }

  public Intent(Context context, Class<?> type) {
    component = new ComponentName(context, type);
  }

  public static Intent createChooser(Intent target, CharSequence title) {
    return new Intent("android.intent.action.CHOOSER").putExtra(EXTRA_INTENT, target);
  }

  public String getAction() {
    return action;
  }

  public Intent setAction(String name) {
    action = name;
    return this;
  }

  public Uri getData() {
    return data;
  }

  public Intent setData(Uri uri) {
    data = uri;
    type = null;
    return this;
  }

  public String getType() {
    return type;
  }

  public Intent setType(String name) {
    type = name;
    data = null;
    return this;
  }

  public Intent setDataAndType(Uri uri, String name) {
    data = uri;
    type = name;
    return this;
  }

  public ComponentName getComponent() {
    return component;
  }

  public Intent setClass(Context context, Class<?> name) {
    component = new ComponentName(context, name);
    return this;
  }

  public Intent addCategory(String name) {
    categories.add(name);
    return this;
  }

  public Intent addFlags(int more) {
    flags |= more;
    return this;
  }

  public Intent setFlags(int only) {
    flags = only;
    return this;
  }

  public int getFlags() {
    return flags;
  }

  public ClipData getClipData() {
    return clip;
  }

  public void setClipData(ClipData data) {
    clip = data;
  }

  public Bundle getExtras() {
    return extras.isEmpty() ? null : new Bundle(extras);
  }

  public boolean hasExtra(String name) {
    return extras.containsKey(name);
  }

  public String getStringExtra(String name) {
    return extras.getString(name);
  }

  public CharSequence getCharSequenceExtra(String name) {
    return extras.getCharSequence(name);
  }

  public boolean getBooleanExtra(String name, boolean otherwise) {
    return extras.getBoolean(name, otherwise);
  }

  public int getIntExtra(String name, int otherwise) {
    return extras.getInt(name, otherwise);
  }

  public long getLongExtra(String name, long otherwise) {
    return extras.getLong(name, otherwise);
  }

  @SuppressWarnings("unchecked")
  public <T extends Parcelable> T getParcelableExtra(String name) {
    return (T) extras.getParcelable(name);
  }

  public Intent putExtra(String name, String value) {
    extras.putString(name, value);
    return this;
  }

  public Intent putExtra(String name, boolean value) {
    extras.putBoolean(name, value);
    return this;
  }

  public Intent putExtra(String name, int value) {
    extras.putInt(name, value);
    return this;
  }

  public Intent putExtra(String name, long value) {
    extras.putLong(name, value);
    return this;
  }

  public Intent putExtra(String name, Parcelable value) {
    extras.putParcelable(name, value);
    return this;
  }
}
