package android.view;

import android.content.Context;
import android.content.ContextWrapper;

/** A context with a theme of its own. */
public class ContextThemeWrapper extends ContextWrapper {
  public ContextThemeWrapper() {
    super(null);
  }

  public ContextThemeWrapper(Context base, int theme) {
    super(base);
  }
}
