package dev.edgeship.doubles;

import android.graphics.Canvas;
import android.util.DisplayMetrics;
import android.view.View;
import android.view.ViewGroup;
import android.view.WindowInsets;
import android.widget.TextView;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import javax.imageio.ImageIO;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** Lays out what an activity shows, for a screen of the configured size, and draws it. */
final class Renderer {
  // Heights of the system's bars, in dp.
  private static final int STATUS_BAR = 24;
  private static final int NAVIGATION_BAR = 16;

  private final View content;
  private final DisplayMetrics metrics;
  private final int height;

  /**
   * Lays a tree of views out.
   *
   * @param heightDp the height of the screen; its width is the configured one
   */
  Renderer(View content, int heightDp) {
    this.content = content;
    metrics = content.getResources().getDisplayMetrics();
    height = Math.round(heightDp * metrics.density);
    content.dispatchApplyWindowInsets(
        new WindowInsets(pixels(STATUS_BAR), pixels(NAVIGATION_BAR)));
    content.measure(
        View.MeasureSpec.makeMeasureSpec(metrics.widthPixels, View.MeasureSpec.EXACTLY),
        View.MeasureSpec.makeMeasureSpec(height, View.MeasureSpec.EXACTLY));
    content.layout(0, 0, metrics.widthPixels, height);
  }

  private int pixels(int dp) {
    return Math.round(dp * metrics.density);
  }

  /** Writes a PNG. */
  void draw(File target) throws IOException {
    BufferedImage image =
        new BufferedImage(metrics.widthPixels, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    graphics.setColor(new Color(Table.ofApp().attribute("android:windowBackground"), true));
    graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
    graphics.setClip(0, 0, image.getWidth(), image.getHeight());
    content.draw(new Canvas(graphics));
    graphics.dispose();
    if (!ImageIO.write(image, "png", target)) throw new IOException("no PNG can be written");
  }

  /** Returns each visible view with where it lies on the page in dp, and what it shows. */
  JSONArray places() throws JSONException {
    JSONArray all = new JSONArray();
    collect(content, 0, 0, all);
    return all;
  }

  private void collect(View view, int x, int y, JSONArray all) throws JSONException {
    if (view.getVisibility() != View.VISIBLE) return;
    JSONObject place =
        new JSONObject()
            .put("class", view.getClass().getSimpleName())
            .put("left", (x + view.getLeft()) / metrics.density)
            .put("top", (y + view.getTop()) / metrics.density)
            .put("width", view.getWidth() / metrics.density)
            .put("height", view.getHeight() / metrics.density)
            .put("clickable", view.hasOnClickListeners());
    if (view instanceof TextView) {
      TextView text = (TextView) view;
      place.put("text", text.getText().toString()).put("fits", text.fits());
    }
    all.put(place);
    if (!(view instanceof ViewGroup)) return;
    ViewGroup group = (ViewGroup) view;
    for (int i = 0; i < group.getChildCount(); i++) {
      collect(group.getChildAt(i), x + view.getLeft(), y + view.getTop(), all);
    }
  }
}
