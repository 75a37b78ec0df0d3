package dev.edgeship.doubles;

import java.io.File;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;

/** What this process may ask of the phone that it believes to be on; set before the app starts. */
public final class Phone {
  public static final String PACKAGE = "dev.edgeship.bench";

  /** The app's own folder. */
  public static final File HOME = new File("/data/user/0/" + PACKAGE);

  public static final int SDK = Integer.getInteger("phone.sdk", 35);
  public static final String VERSION = System.getProperty("phone.app_version", "0");
  public static final long VERSION_CODE = Long.getLong("phone.app_version_code", 0);
  public static final String MODEL = System.getProperty("phone.model", "Virtual Phone");
  public static final String RELEASE = System.getProperty("phone.release", "15");

  /** PowerManager's thermal status, 0 to 6. */
  public static volatile int thermalStatus = Integer.getInteger("phone.thermal_status", 0);

  /** What PowerManager forecasts; 1 is where it throttles. */
  public static volatile float thermalHeadroom = 0.3f;

  public static volatile boolean offersSustainedPerformance = true;

  /** Whether the lock screen has the focus: activities come up behind it. */
  public static volatile boolean locked = Boolean.getBoolean("phone.locked");

  /** Whether something else has it, such as a question of the system. */
  public static volatile boolean covered = Boolean.getBoolean("phone.covered");

  /** Importance of this process as ActivityManager tells it; 100 is the foreground. */
  public static volatile int importance = 100;

  /** Permissions that the caller of a component holds. */
  public static volatile java.util.Set<String> callerHolds = Collections.emptySet();

  /** Permissions that the user has given to the app. */
  public static final java.util.Set<String> GRANTED =
      java.util.concurrent.ConcurrentHashMap.newKeySet();

  /** Folders of other apps that the user may choose: tree URI -> folder. */
  public static final Map<String, File> TREES = Collections.synchronizedMap(new HashMap<>());

  /** Streams of foreign content URIs: URI -> (name, file, declared size). */
  public static final Map<String, Shared> SHARED = Collections.synchronizedMap(new HashMap<>());

  private Phone() {}

  /** A document of another app. */
  public static final class Shared {
    public final String name;
    public final File file;
    public final Long size;
    public final String type;

    public Shared(String name, File file, Long size, String type) {
      this.name = name;
      this.file = file;
      this.size = size;
      this.type = type;
    }
  }
}
