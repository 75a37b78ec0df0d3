package android.widget;

/** What is on or off. */
public interface Checkable {
  void setChecked(boolean checked);

  boolean isChecked();

  void toggle();
}
