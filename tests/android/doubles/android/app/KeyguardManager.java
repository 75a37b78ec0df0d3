package android.app;

import dev.edgeship.doubles.Hook;
import dev.edgeship.doubles.Phone;

/** The lock screen. */
public class KeyguardManager {
  @Hook
  public KeyguardManager() {}

  public boolean isKeyguardLocked() {
    return Phone.locked;
  }
}
