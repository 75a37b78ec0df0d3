package dev.edgeship.doubles;

import android.app.Activity;
import android.app.AlertDialog;
import android.content.ComponentName;
import android.content.Context;
import android.content.Intent;
import android.os.Bundle;
import android.os.Looper;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The activities of this process, the one in front first; only the main thread may use it. */
public final class Screen {
  private static final Deque<Activity> STACK = new ArrayDeque<>();
  private static final Map<Activity, int[]> WAITING = new HashMap<>();

  /** What activities have asked of others than this app. */
  public static final List<Intent> ASKED = Collections.synchronizedList(new ArrayList<>());

  /** Permissions that they have asked for. */
  public static final List<String> WANTED = Collections.synchronizedList(new ArrayList<>());

  private static final Deque<AlertDialog> DIALOGS = new ArrayDeque<>();

  /** Activities of this app that belong to other processes. */
  private static final List<String> ELSEWHERE =
      Arrays.asList(System.getProperty("phone.elsewhere", "").split(","));

  static Context app;

  private Screen() {}

  /** Returns the dialogs in front of the activity. */
  public static Deque<AlertDialog> dialogs() {
    return DIALOGS;
  }

  /** Returns the activity in front, or null. */
  public static Activity front() {
    return STACK.peek();
  }

  /** Starts an activity, or hands the intent to the one in front if that is of the same class. */
  static void start(String name, Intent intent) throws ReflectiveOperationException {
    // One that goes away is none.
    Activity front = front() == null || front().isFinishing() ? null : front();
    if (front != null && front.getClass().getName().equals(name)) {
      front.again(intent);
      return;
    }
    if (front != null) front.leave();
    Activity made = (Activity) Class.forName(name).getDeclaredConstructor().newInstance();
    made.attach(app, intent);
    STACK.push(made);
    made.create(null);
    // One that finishes in onCreate never comes to the front.
    if (!made.isFinishing()) made.resume();
  }

  /** Gives the focus of the screen to the activity in front, unless the phone is locked. */
  static void focus() {
    if (front() != null
        && !front().isFinishing() && !Phone.locked && !Phone.covered) {
      front().focus(true);
    }
  }

  /** Starts what an activity asks for: one of this app, or what a test answers for. */
  public static void start(Activity from, Intent intent, int code) {
    ComponentName component = intent.getComponent();
    if (component == null || ELSEWHERE.contains(component.getClassName())) {
      ASKED.add(intent);
      return;
    }
    Looper.getMainLooper()
        .post(
            from,
            () -> {
              try {
                start(component.getClassName(), intent);
              } catch (ReflectiveOperationException error) {
                throw new IllegalStateException(error);
              }
              focus();
            },
            0);
  }

  /** Remembers which permissions an activity asks for; a test answers. */
  public static void ask(Activity from, String[] names, int code) {
    Collections.addAll(WANTED, names);
    WAITING.put(from, new int[] {code});
  }

  /** Answers what the activity in front has asked for. */
  static void answer(boolean yes) {
    String[] names = WANTED.toArray(new String[0]);
    int[] results = new int[names.length];
    WANTED.clear();
    if (yes) Collections.addAll(Phone.GRANTED, names);
    else Arrays.fill(results, -1);
    front().onRequestPermissionsResult(WAITING.remove(front())[0], names, results);
  }

  /** Ends an activity a little later, and shows the one below it. */
  public static void finish(Activity activity) {
    Looper.getMainLooper().post(activity, () -> end(activity), 0);
  }

  private static void end(Activity activity) {
    boolean shown = front() == activity;
    activity.leave();
    STACK.remove(activity);
    activity.destroy();
    if (shown && front() != null) {
      front().resume();
      focus();
    }
  }

  /** Makes the front activity anew, as a change of the phone's settings does. */
  static void recreate() throws ReflectiveOperationException {
    Activity old = STACK.pop();
    Bundle state = new Bundle();
    old.leave();
    old.save(state);
    old.destroy();
    Activity made = (Activity) old.getClass().getDeclaredConstructor().newInstance();
    made.attach(app, old.getIntent());
    STACK.push(made);
    made.create(state);
    made.resume();
    focus();
  }
}
