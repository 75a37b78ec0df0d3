package android.os;

import dev.edgeship.doubles.Phone;

/** Heat, and a performance that lasts. */
public final class PowerManager {
  public boolean isSustainedPerformanceModeSupported() {
    return Phone.offersSustainedPerformance;
  }

  public int getCurrentThermalStatus() {
    return Phone.thermalStatus;
  }

  public float getThermalHeadroom(int seconds) {
    return Phone.thermalHeadroom;
  }

  public boolean isInteractive() {
    return true;
  }
}
