package android.util;

/** Numbers with units. */
public class TypedValue {
  public static final int COMPLEX_UNIT_PX = 0;
  public static final int COMPLEX_UNIT_DIP = 1;
  public static final int COMPLEX_UNIT_SP = 2;

  @dev.edgeship.doubles.Hook public String value;

  public static float applyDimension(int unit, float value, DisplayMetrics metrics) {
    switch (unit) {
      case COMPLEX_UNIT_PX:
        return value;
      case COMPLEX_UNIT_DIP:
        return value * metrics.density;
      case COMPLEX_UNIT_SP:
        return value * metrics.scaledDensity;
      default:
        throw new IllegalArgumentException("unit " + unit);
    }
  }
}
