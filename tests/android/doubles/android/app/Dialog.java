package android.app;

import android.content.DialogInterface;
import dev.edgeship.doubles.Screen;

/** A window in front of an activity. */
public class Dialog implements DialogInterface {
  Dialog() {}

  @Override
  public void cancel() {
    dismiss();
  }

  @Override
  public void dismiss() {
    Screen.dialogs().remove(this);
  }

  public void show() {
    Screen.dialogs().add((AlertDialog) this);
  }
}
