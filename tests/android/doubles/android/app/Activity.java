package android.app;

import android.content.Context;
import android.content.Intent;
import android.os.Bundle;
import android.os.Looper;
import android.view.ContextThemeWrapper;
import android.view.Display;
import android.view.View;
import android.view.Window;
import android.view.WindowManager;
import dev.edgeship.doubles.Hook;
import dev.edgeship.doubles.Screen;

/** A screen of the app. */
public class Activity extends ContextThemeWrapper {
  public static final int RESULT_CANCELED = 0;
  public static final int RESULT_OK = -1;

  private Intent intent;
  private Window window;
  private View content;
  private boolean focused;
  private boolean finishing;
  private boolean destroyed;

  @Hook
  public final void attach(Context base, Intent intent) {
    attachBaseContext(base);
    this.intent = intent;
    window = new Window(null) {};
  }

  public Intent getIntent() {
    return intent;
  }

  public void setIntent(Intent intent) {
    this.intent = intent;
  }

  public Window getWindow() {
    return window;
  }

  public WindowManager getWindowManager() {
    return Display::new;
  }

  public void setContentView(View view) {
    content = view;
  }

  @Hook
  public View content() {
    return content;
  }

  public final void runOnUiThread(Runnable work) {
    if (Looper.getMainLooper().isCurrentThread()) work.run();
    else Looper.getMainLooper().post(this, work, 0);
  }

  public void finish() {
    if (finishing) return;
    finishing = true;
    Screen.finish(this);
  }

  public void finishAndRemoveTask() {
    finish();
  }

  public boolean isFinishing() {
    return finishing;
  }

  public boolean isDestroyed() {
    return destroyed;
  }

  public boolean isChangingConfigurations() {
    return false;
  }

  public boolean hasWindowFocus() {
    return focused;
  }

  @Override
  public void startActivity(Intent intent) {
    Screen.start(this, intent, -1);
  }

  public void startActivityForResult(Intent intent, int code) {
    Screen.start(this, intent, code);
  }

  public final void requestPermissions(String[] names, int code) {
    Screen.ask(this, names, code);
  }

  public void setTitle(CharSequence title) {}

  public void setTitle(int id) {}

  public void setShowWhenLocked(boolean show) {}

  public void setTurnScreenOn(boolean on) {}

  protected void onCreate(Bundle state) {}

  protected void onStart() {}

  protected void onResume() {}

  protected void onPause() {}

  protected void onStop() {}

  protected void onDestroy() {}

  protected void onNewIntent(Intent intent) {}

  protected void onSaveInstanceState(Bundle state) {}

  protected void onActivityResult(int code, int result, Intent data) {}

  public void onRequestPermissionsResult(int code, String[] names, int[] results) {}

  public void onWindowFocusChanged(boolean focused) {}

  public void onBackPressed() {
    finish();
  }

  @Hook
  public final void create(Bundle state) {
    onCreate(state);
    onStart();
  }

  @Hook
  public final void comeBack() {
    onStart();
    onResume();
  }

  @Hook
  public final void resume() {
    onResume();
  }

  @Hook
  public final void focus(boolean focused) {
    if (this.focused == focused) return;
    this.focused = focused;
    onWindowFocusChanged(focused);
  }

  @Hook
  public final void leave() {
    focus(false);
    onPause();
    onStop();
  }

  @Hook
  public final void save(Bundle state) {
    onSaveInstanceState(state);
  }

  @Hook
  public final void destroy() {
    destroyed = true;
    onDestroy();
  }

  @Hook
  public final void again(Intent intent) {
    onPause();
    onNewIntent(intent);
    onResume();
  }

  @Hook
  public final void result(int code, int result, Intent data) {
    onActivityResult(code, result, data);
  }
}
