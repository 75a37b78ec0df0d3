package android.view;

import dev.edgeship.doubles.Hook;

/** The window of an activity. */
public abstract class Window {
  @Hook public int flags;
  @Hook public boolean sustained;
  private View decor;

  @Hook
  public Window(View decor) {
    this.decor = decor;
  }

  public void addFlags(int more) {
    flags |= more;
  }

  public void clearFlags(int fewer) {
    flags &= ~fewer;
  }

  public final View getDecorView() {
    return decor;
  }

  public void setSustainedPerformanceMode(boolean wanted) {
    sustained = wanted;
  }

  public void setStatusBarColor(int color) {}

  public void setNavigationBarColor(int color) {}

  public void setDecorFitsSystemWindows(boolean fits) {}

  public void setTitle(CharSequence title) {}
}
