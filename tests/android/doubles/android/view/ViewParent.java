package android.view;

/** What holds a view. */
public interface ViewParent {}
