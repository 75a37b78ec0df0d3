package android.content;

/** A dialog. */
public interface DialogInterface {
  int BUTTON_POSITIVE = -1;
  int BUTTON_NEGATIVE = -2;

  void cancel();

  void dismiss();

  /** Hears of its buttons. */
  interface OnClickListener {
    void onClick(DialogInterface dialog, int which);
  }
}
