package android.os;

/** What may travel between processes. Nothing travels here. */
public interface Parcelable {}
