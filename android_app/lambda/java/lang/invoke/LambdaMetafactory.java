package java.lang.invoke;

/**
 * What javac needs to know of this class to compile a lambda; android.jar of API 23 lacks it.
 *
 * <p>D8 makes plain classes of lambdas, so that nothing of this is ever called or packed.
 */
public final class LambdaMetafactory {
  private LambdaMetafactory() {}

  /** Names the method that the bytecode of a lambda refers to. */
  public static CallSite metafactory(
      MethodHandles.Lookup caller,
      String name,
      MethodType factoryType,
      MethodType erasedType,
      MethodHandle implementation,
      MethodType type) {
    throw new AssertionError();
  }

  /** The same for lambdas that are serializable or have several interfaces. */
  public static CallSite altMetafactory(
      MethodHandles.Lookup caller, String name, MethodType factoryType, Object... more) {
    throw new AssertionError();
  }
}
