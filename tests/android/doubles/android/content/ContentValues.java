package android.content;

import android.os.Parcelable;

/** Columns and their values. No component of ours takes any. */
public final class ContentValues implements Parcelable {}
