import android.content.res.AssetManager;
import android.graphics.Bitmap;
import java.io.Closeable;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.json.JSONArray;
import org.json.JSONObject;

/** Does what a test asks of generated classes: a JSON list of jobs in, one of results out. */
public final class Driver {
  public static void main(String[] words) throws Exception {
    JSONArray jobs = new JSONArray(new String(System.in.readAllBytes(), StandardCharsets.UTF_8));
    JSONArray results = new JSONArray();
    for (int i = 0; i < jobs.length(); i++) results.put(done(jobs.getJSONObject(i)));
    System.out.println(results);
  }

  private static JSONObject done(JSONObject job) throws Exception {
    if (job.has("crop")) return cropped(job);
    try (Closeable network = opened(job)) {
      JSONObject result = new JSONObject();
      Object[] given;
      if (job.has("picture")) {
        Bitmap picture = bitmap(job.getJSONObject("picture"));
        given = new Object[] {method(network, "prepare", 1).invoke(network, picture)};
        result.put("prepared", new JSONArray(given[0]));
        if (job.has("classify")) result.put("guesses", guesses(network, picture));
      } else {
        given = arrays(job.getJSONArray("inputs"), taking(network));
      }
      Object outputs = run(network, given);
      JSONArray returned = new JSONArray();
      for (Field field : outputs.getClass().getDeclaredFields()) {
        field.setAccessible(true);
        returned.put(new JSONObject().put("name", field.getName())
            .put("values", new JSONArray(field.get(outputs))));
      }
      return result.put("outputs", returned);
    } catch (java.lang.reflect.InvocationTargetException error) {
      return new JSONObject().put("refused", String.valueOf(error.getCause().getMessage()));
    }
  }

  /** Opens by the class's own function, or with what the constructor takes. */
  private static Closeable opened(JSONObject job) throws Exception {
    Class<?> type = Class.forName("edgeship.bundle." + job.getString("class"));
    System.setProperty("phone.assets", job.getString("assets"));
    Object companion = type.getField("Companion").get(null);
    Constructor<AssetManager> assets = AssetManager.class.getDeclaredConstructor();
    assets.setAccessible(true);
    Method open = method(companion, "open", 2);
    return (Closeable) open.invoke(companion, assets.newInstance(), 1);
  }

  private static Object run(Object network, Object[] given) throws Exception {
    return taking(network).invoke(network, given);
  }

  /** Returns the function that runs a network on arrays. */
  private static Method taking(Object network) throws Exception {
    for (Method method : network.getClass().getMethods()) {
      if (!method.getName().equals("run")) continue;
      if (method.getParameterTypes()[0] != Bitmap.class) return method;
    }
    throw new NoSuchMethodException("run");
  }

  private static JSONArray guesses(Object network, Bitmap picture) throws Exception {
    JSONArray found = new JSONArray();
    List<?> guesses = (List<?>) method(network, "classify", 2).invoke(network, picture, 3);
    for (Object guess : guesses) {
      found.put(new JSONArray()
          .put(method(guess, "getIndex", 0).invoke(guess))
          .put(method(guess, "getLabel", 0).invoke(guess))
          .put(((Number) method(guess, "getScore", 0).invoke(guess)).doubleValue()));
    }
    return found;
  }

  private static Method method(Object of, String name, int count) throws Exception {
    for (Method method : of.getClass().getMethods()) {
      boolean fits = method.getParameterCount() == count;
      if (method.getName().equals(name) && fits) return method;
    }
    throw new NoSuchMethodException(name);
  }

  private static Object[] arrays(JSONArray inputs, Method run) throws Exception {
    Object[] arrays = new Object[inputs.length()];
    for (int i = 0; i < arrays.length; i++) {
      JSONArray values = inputs.getJSONArray(i);
      Class<?> element = run.getParameterTypes()[i].getComponentType();
      arrays[i] = java.lang.reflect.Array.newInstance(element, values.length());
      for (int k = 0; k < values.length(); k++) {
        if (element == float.class) ((float[]) arrays[i])[k] = (float) values.getDouble(k);
        else if (element == int.class) ((int[]) arrays[i])[k] = values.getInt(k);
        else if (element == long.class) ((long[]) arrays[i])[k] = values.getLong(k);
        else if (element == boolean.class) ((boolean[]) arrays[i])[k] = values.getBoolean(k);
        else ((byte[]) arrays[i])[k] = (byte) values.getInt(k);
      }
    }
    return arrays;
  }

  private static JSONObject cropped(JSONObject job) throws Exception {
    Class<?> type = Class.forName("edgeship.bundle.CoverAndCrop");
    Object object = type.getField("INSTANCE").get(null);
    byte[] pixels = (byte[]) method(object, "pixels", 5).invoke(
        object, bitmap(job.getJSONObject("picture")), job.getInt("height"), job.getInt("width"),
        job.getInt("channels"), job.getDouble("crop"));
    Files.write(Path.of(job.getString("to")), pixels);
    return new JSONObject();
  }

  private static Bitmap bitmap(JSONObject picture) throws Exception {
    int width = picture.getInt("width");
    byte[] rgb = Files.readAllBytes(Path.of(picture.getString("file")));
    int[] argb = new int[rgb.length / 3];
    for (int i = 0; i < argb.length; i++) {
      argb[i] = 0xff << 24 | (rgb[3 * i] & 255) << 16 | (rgb[3 * i + 1] & 255) << 8
          | rgb[3 * i + 2] & 255;
    }
    return Bitmap.createBitmap(argb, width, argb.length / width, Bitmap.Config.ARGB_8888);
  }
}
