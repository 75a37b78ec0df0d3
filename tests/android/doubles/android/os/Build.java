package android.os;

import dev.edgeship.doubles.Phone;

/** The phone and its system. */
public class Build {
  public static final String MANUFACTURER = System.getProperty("phone.manufacturer", "edgeship");
  public static final String MODEL = Phone.MODEL;
  public static final String[] SUPPORTED_ABIS = {"x86_64"};
  public static final String[] SUPPORTED_64_BIT_ABIS = {"x86_64"};

  /** The system. */
  public static class VERSION {
    public static final int SDK_INT = Phone.SDK;
    public static final String RELEASE = Phone.RELEASE;
  }

  /** Names of systems. */
  public static class VERSION_CODES {
    public static final int M = 23;
  }
}
