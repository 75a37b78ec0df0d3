package dev.edgeship.doubles;

import android.content.ComponentName;
import android.content.ContentProvider;
import android.content.Intent;
import android.database.Cursor;
import android.net.Uri;
import android.os.Looper;
import android.os.ParcelFileDescriptor;
import android.os.Parcelable;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** What a test, or the phone, can have a process of the app do. */
final class Commands {
  private final Map<String, ContentProvider> providers;

  Commands(Map<String, ContentProvider> providers) {
    this.providers = providers;
  }

  /** Does what a command says, on a thread of another app, and returns a value for JSON. */
  Object execute(JSONObject command) throws Exception {
    switch (command.getString("do")) {
      case "start":
        Intent intent = intent(command);
        return onMain(
            () -> {
              Screen.start(command.getString("activity"), intent);
              return true;
            });
      case "focus":
        return onMain(
            () -> {
              Screen.front().focus(command.getBoolean("on"));
              return true;
            });
      case "leave":
        return onMain(
            () -> {
              Screen.front().leave();
              return true;
            });
      case "come_back":
        return onMain(
            () -> {
              Screen.front().comeBack();
              Screen.focus();
              return true;
            });
      case "back":
        return onMain(
            () -> {
              Screen.front().onBackPressed();
              return true;
            });
      case "recreate":
        return onMain(
            () -> {
              Screen.recreate();
              return true;
            });
      case "click":
        return onMain(() -> Views.click(command.getString("text")));
      case "tree":
        return onMain(Views::tree);
      case "draw":
        return onMain(
            () -> {
              Renderer renderer =
                  new Renderer(Screen.front().content(), command.getInt("height"));
              if (command.has("to")) renderer.draw(new File(command.getString("to")));
              return renderer.places();
            });
      case "result":
        return onMain(
            () -> {
              Screen.front().result(
                  command.getInt("code"), command.getInt("result"), intent(command));
              return true;
            });
      case "asked":
        return asked();
      case "read":
        return read(command);
      case "query":
        return query(command);
      case "delete":
        return provider(command).delete(uri(command), null, null);
      case "insert":
        return String.valueOf(provider(command).insert(uri(command), null));
      case "update":
        return provider(command).update(uri(command), null, null, null);
      case "share":
        Phone.SHARED.put(
            command.getString("uri"),
            new Phone.Shared(
                command.getString("name"),
                new File(command.getString("path")),
                command.has("size") ? command.getLong("size") : null,
                command.optString("type", "application/octet-stream")));
        return true;
      case "tree_at":
        Phone.TREES.put(command.getString("uri"), new File(command.getString("path")));
        return true;
      case "grant":
        return onMain(
            () -> {
              Screen.answer(command.getBoolean("yes"));
              return true;
            });
      case "set":
        Phone.locked = command.optBoolean("locked", Phone.locked);
        Phone.thermalStatus = command.optInt("thermal_status", Phone.thermalStatus);
        return true;
      default:
        throw new IllegalArgumentException("unknown command: " + command);
    }
  }

  /** Does what follows after the answer was sent: an activity gets the focus when it is drawn. */
  void after(JSONObject command) {
    String done = command.optString("do");
    if (done.equals("start")) Looper.getMainLooper().post(this, Screen::focus, 0);
  }

  private static Object asked() throws JSONException {
    JSONArray all = new JSONArray();
    for (Intent asked : Screen.ASKED) {
      Intent inner = asked.getParcelableExtra(Intent.EXTRA_INTENT);
      Uri stream = (inner == null ? asked : inner).getParcelableExtra(Intent.EXTRA_STREAM);
      JSONObject extras = new JSONObject();
      if (asked.getExtras() != null) {
        for (Map.Entry<String, Object> extra : asked.getExtras().values.entrySet()) {
          if (!(extra.getValue() instanceof Parcelable)) extras.put(extra.getKey(), extra.getValue());
        }
      }
      ComponentName component = asked.getComponent();
      all.put(
          new JSONObject()
              .put("action", asked.getAction())
              .put("component", component == null ? JSONObject.NULL : component.getClassName())
              .put("extras", extras)
              .put("target", inner == null ? JSONObject.NULL : inner.getAction())
              .put("type", (inner == null ? asked : inner).getType())
              .put("flags", (inner == null ? asked : inner).getFlags())
              .put("text", (inner == null ? asked : inner).getStringExtra(Intent.EXTRA_TEXT))
              .put("stream", stream == null ? JSONObject.NULL : stream.toString()));
    }
    return all;
  }

  /** Copies what a provider opens to a file, which may be a pipe; returns how many bytes. */
  private Object read(JSONObject command) throws JSONException, IOException {
    ParcelFileDescriptor opened =
        provider(command).openFile(uri(command), command.optString("mode", "r"));
    if (opened == null) throw new FileNotFoundException("null");
    long count = 0;
    byte[] buffer = new byte[8192];
    try (InputStream in = new FileInputStream(opened.getFileDescriptor());
        OutputStream out = new FileOutputStream(command.getString("to"))) {
      for (int got = in.read(buffer); got > 0; got = in.read(buffer)) {
        out.write(buffer, 0, got);
        count += got;
      }
    } finally {
      opened.close();
    }
    return count;
  }

  private Object query(JSONObject command) throws JSONException {
    JSONArray rows = new JSONArray();
    try (Cursor cursor = provider(command).query(uri(command), null, null, null, null)) {
      if (cursor == null) return JSONObject.NULL;
      while (cursor.moveToNext()) {
        JSONArray row = new JSONArray();
        for (int column = 0; column < cursor.getColumnCount(); column++) {
          String value = cursor.isNull(column) ? "NULL" : cursor.getString(column);
          row.put(new JSONArray().put(cursor.getColumnNames()[column]).put(value));
        }
        rows.put(row);
      }
    }
    return rows;
  }

  private ContentProvider provider(JSONObject command) throws JSONException {
    ContentProvider found = providers.get(uri(command).getAuthority());
    if (found == null) throw new IllegalArgumentException("Unknown URI " + uri(command));
    return found;
  }

  private static Uri uri(JSONObject command) throws JSONException {
    return Uri.parse(command.getString("uri"));
  }

  private static Intent intent(JSONObject command) throws JSONException {
    Intent intent = new Intent(command.has("action") ? command.getString("action") : null);
    if (command.has("uri")) intent.setData(uri(command));
    if (command.has("type")) {
      intent.setDataAndType(intent.getData(), command.getString("type"));
    }
    if (command.has("stream")) {
      intent.putExtra(Intent.EXTRA_STREAM, Uri.parse(command.getString("stream")));
    }
    JSONObject extras = command.optJSONObject("extras");
    for (Iterator<?> keys = extras == null ? null : extras.keys(); keys != null && keys.hasNext(); ) {
      String key = (String) keys.next();
      Object value = extras.get(key);
      if (value instanceof String) intent.putExtra(key, (String) value);
      else if (value instanceof Integer) intent.putExtra(key, (int) value);
      else if (value instanceof Boolean) intent.putExtra(key, (boolean) value);
      else throw new IllegalArgumentException("an extra of this type: " + value);
    }
    return intent;
  }

  private static <T> T onMain(Callable<T> work) throws Exception {
    FutureTask<T> task = new FutureTask<>(work);
    Looper.getMainLooper()
        .post(
            work,
            () -> {
              task.run();
              try {
                task.get();
              } catch (ExecutionException error) {
                // An error on the main thread ends the app.
                throw new IllegalStateException(error.getCause());
              } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
              }
            },
            0);
    return task.get();
  }
}
