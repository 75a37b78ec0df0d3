package android.widget;

import android.content.Context;
import android.view.View;
import android.view.ViewGroup;

/** Radio buttons of which one is on. */
public class RadioGroup extends LinearLayout {
  private OnCheckedChangeListener listener;
  private int checked = -1;
  private boolean changing;

  public RadioGroup(Context context) {
    super(context);
    setOrientation(VERTICAL);
  }

  @Override
  public void addView(View child, int index, ViewGroup.LayoutParams place) {
    super.addView(child, index, place);
    if (!(child instanceof RadioButton)) return;
    if (child.getId() == NO_ID) child.setId(View.generateViewId());
    RadioButton button = (RadioButton) child;
    button.setOnCheckedChangeListener((changed, on) -> follow(changed, on));
    if (button.isChecked()) follow(button, true);
  }

  private void follow(CompoundButton changed, boolean on) {
    if (changing || !on) return;
    choose(changed.getId());
  }

  public void check(int id) {
    if (id != checked) choose(id);
  }

  private void choose(int id) {
    changing = true;
    for (int i = 0; i < getChildCount(); i++) {
      if (getChildAt(i) instanceof RadioButton) {
        ((RadioButton) getChildAt(i)).setChecked(getChildAt(i).getId() == id);
      }
    }
    changing = false;
    checked = id;
    if (listener != null) listener.onCheckedChanged(this, id);
  }

  public int getCheckedRadioButtonId() {
    return checked;
  }

  public void setOnCheckedChangeListener(OnCheckedChangeListener listener) {
    this.listener = listener;
  }

  /** Hears of changes. */
  public interface OnCheckedChangeListener {
    void onCheckedChanged(RadioGroup group, int id);
  }
}
