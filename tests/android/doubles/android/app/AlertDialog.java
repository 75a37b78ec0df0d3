package android.app;

import android.content.Context;
import android.content.DialogInterface;
import dev.edgeship.doubles.Hook;
import java.util.LinkedHashMap;
import java.util.Map;

/** A question with buttons. */
public class AlertDialog extends Dialog implements DialogInterface {
  @Hook public CharSequence title = "";
  @Hook public CharSequence message = "";
  @Hook public final Map<Integer, CharSequence> labels = new LinkedHashMap<>();
  private final Map<Integer, DialogInterface.OnClickListener> listeners = new LinkedHashMap<>();

  private AlertDialog() {}

  /** Presses a button. */
  @Hook
  public void press(int which) {
    dismiss();
    DialogInterface.OnClickListener listener = listeners.get(which);
    if (listener != null) listener.onClick(this, which);
  }

  /** Makes one. */
  public static class Builder {
    private final Context context;
    private final AlertDialog made = new AlertDialog();

    public Builder(Context context) {
      this.context = context;
    }

    public Builder setTitle(int id) {
      made.title = context.getText(id);
      return this;
    }

    public Builder setTitle(CharSequence text) {
      made.title = text;
      return this;
    }

    public Builder setMessage(int id) {
      made.message = context.getText(id);
      return this;
    }

    public Builder setMessage(CharSequence text) {
      made.message = text;
      return this;
    }

    public Builder setPositiveButton(int id, DialogInterface.OnClickListener listener) {
      return button(DialogInterface.BUTTON_POSITIVE, id, listener);
    }

    public Builder setNegativeButton(int id, DialogInterface.OnClickListener listener) {
      return button(DialogInterface.BUTTON_NEGATIVE, id, listener);
    }

    public AlertDialog create() {
      return made;
    }

    public AlertDialog show() {
      made.show();
      return made;
    }

    private Builder button(int which, int id, DialogInterface.OnClickListener listener) {
      made.labels.put(which, context.getText(id));
      made.listeners.put(which, listener);
      return this;
    }
  }
}
