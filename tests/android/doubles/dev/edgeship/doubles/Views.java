package dev.edgeship.doubles;

import android.app.AlertDialog;
import android.view.View;
import android.view.ViewGroup;
import android.widget.TextView;
import android.widget.Checkable;
import java.util.Map;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** Looks at a tree of views, and touches it. */
final class Views {
  private Views() {}

  /** Returns what is in front: the activity's name, its views, and dialogs. */
  static JSONObject tree() throws JSONException {
    JSONObject made = new JSONObject();
    if (Screen.front() == null) return made.put("activity", JSONObject.NULL);
    JSONArray dialogs = new JSONArray();
    for (AlertDialog dialog : Screen.dialogs()) {
      JSONArray labels = new JSONArray();
      for (CharSequence label : dialog.labels.values()) labels.put(label.toString());
      dialogs.put(
          new JSONObject()
              .put("title", dialog.title.toString())
              .put("message", dialog.message.toString())
              .put("buttons", labels));
    }
    return made.put("activity", Screen.front().getClass().getSimpleName())
        .put("views", tree(Screen.front().content()))
        .put("dialogs", dialogs);
  }

  /** Returns what is visible: class, text, description, and what lies in it. */
  static JSONObject tree(View view) throws JSONException {
    JSONObject made = new JSONObject().put("class", view.getClass().getSimpleName());
    if (view instanceof TextView) made.put("text", ((TextView) view).getText().toString());
    if (view.getContentDescription() != null) {
      made.put("description", view.getContentDescription().toString());
    }
    if (view instanceof Checkable) made.put("checked", ((Checkable) view).isChecked());
    if (view.hasOnClickListeners()) made.put("clickable", view.isEnabled());
    if (view instanceof ViewGroup) {
      JSONArray inner = new JSONArray();
      ViewGroup group = (ViewGroup) view;
      for (int at = 0; at < group.getChildCount(); at++) {
        View child = group.getChildAt(at);
        if (child.getVisibility() == View.VISIBLE) inner.put(tree(child));
      }
      made.put("inner", inner);
    }
    return made;
  }

  /** Clicks on a dialog's button, or else on what the activity shows. */
  static boolean click(String text) {
    AlertDialog dialog = Screen.dialogs().peekLast();
    if (dialog == null) return click(Screen.front().content(), text);
    for (Map.Entry<Integer, CharSequence> label : dialog.labels.entrySet()) {
      if (!label.getValue().toString().equals(text)) continue;
      dialog.press(label.getKey());
      return true;
    }
    return false;
  }

  /** Clicks on what has a text or a description; returns whether it was there and listened. */
  static boolean click(View view, String text) {
    if (view.getVisibility() != View.VISIBLE) return false;
    CharSequence own = view instanceof TextView ? ((TextView) view).getText() : null;
    CharSequence said = view.getContentDescription();
    boolean named = own != null && own.toString().equals(text) || said != null && said.toString().equals(text);
    if (named && view.isEnabled() && view.performClick()) return true;
    if (view instanceof ViewGroup) {
      ViewGroup group = (ViewGroup) view;
      for (int at = 0; at < group.getChildCount(); at++) {
        if (click(group.getChildAt(at), text)) return true;
      }
    }
    return false;
  }
}
