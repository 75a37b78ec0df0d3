package android.view.accessibility;

/** What a screen reader is told of a view. */
public class AccessibilityNodeInfo {
  private AccessibilityNodeInfo() {}
}
