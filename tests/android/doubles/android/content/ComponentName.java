package android.content;

/** Which component of which app. */
public final class ComponentName {
  private final String owner;
  private final String name;

  public ComponentName(String owner, String name) {
    this.owner = owner;
    this.name = name;
  }

  public ComponentName(Context context, Class<?> type) {
    this(context.getPackageName(), type.getName());
  }

  public String getPackageName() {
    return owner;
  }

  public String getClassName() {
    return name;
  }
}
