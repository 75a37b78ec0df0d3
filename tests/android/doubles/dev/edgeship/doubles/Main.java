package dev.edgeship.doubles;

import android.content.ContentProvider;
import android.os.Looper;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.json.JSONException;
import org.json.JSONObject;

/**
 * A process of the app. It does what lines of JSON on its input say, and answers with lines.
 *
 * <p>As on Android: the main thread runs the activities, other threads answer other apps, and an
 * error that nobody catches ends the process. The end of the input ends it as well.
 */
public final class Main {
  /** Exit code after an error that nobody has caught. */
  private static final int CRASHED = 70;

  private static final PrintStream ANSWERS = new PrintStream(new FileOutputStream(FileDescriptor.out), true);
  private static final ExecutorService OTHERS =
      Executors.newCachedThreadPool(
          work -> {
            Thread thread = new Thread(work, "binder");
            thread.setDaemon(true);
            return thread;
          });

  private Main() {}

  /** Takes "authority=class" of each provider that belongs to this process. */
  public static void main(String[] arguments) throws Exception {
    System.setOut(System.err);
    Thread.setDefaultUncaughtExceptionHandler((thread, error) -> crash(error));
    Looper.prepareMainLooper();
    Screen.app = new AppContext();
    Map<String, ContentProvider> providers = new LinkedHashMap<>();
    for (String argument : arguments) {
      String[] parts = argument.split("=", 2);
      ContentProvider provider =
          (ContentProvider) Class.forName(parts[1]).getDeclaredConstructor().newInstance();
      provider.attach(Screen.app);
      providers.put(parts[0], provider);
    }
    Thread reader = new Thread(() -> read(new Commands(providers)), "commands");
    reader.setDaemon(true);
    reader.start();
    Looper.loop();
  }

  private static void read(Commands commands) {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(new FileInputStream(FileDescriptor.in), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JSONObject command = new JSONObject(line);
        OTHERS.execute(() -> answer(commands, command));
      }
    } catch (IOException | JSONException error) {
      crash(error);
    }
    Runtime.getRuntime().halt(0);
  }

  private static void answer(Commands commands, JSONObject command) {
    JSONObject answer = new JSONObject();
    try {
      answer.put("id", command.getInt("id"));
      try {
        answer.put("value", commands.execute(command));
      } catch (Exception error) {
        // What an app throws at its caller travels to the caller.
        answer.put("error", error.getClass().getName()).put("message", error.getMessage());
      }
      synchronized (ANSWERS) {
        ANSWERS.write((answer + "\n").getBytes(StandardCharsets.UTF_8));
        ANSWERS.flush();
      }
    } catch (JSONException | IOException error) {
      crash(error);
    }
    commands.after(command);
  }

  private static void crash(Throwable error) {
    System.err.println("FATAL EXCEPTION in " + Phone.PACKAGE);
    error.printStackTrace();
    System.err.flush();
    Runtime.getRuntime().halt(CRASHED);
  }
}
