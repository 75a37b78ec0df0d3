package dev.edgeship.bench;

import android.app.Activity;
import android.content.ActivityNotFoundException;
import android.content.Intent;
import android.net.Uri;
import android.os.Bundle;
import android.text.format.Formatter;
import android.view.View;
import android.widget.Button;
import android.widget.TextView;
import java.io.IOException;

/** The first screen: choose a file and how to run it, have it run, see what came of it. */
public final class MainActivity extends Activity {
  private static final int PICK = 1;
  private static final long BEGIN_WITHIN_MS = 15_000;

  private Background background;
  private Bench bench;
  private TextView file;
  private Button run;
  private TextView message;
  private Column result;
  private boolean started;

  @Override
  protected void onCreate(Bundle state) {
    super.onCreate(state);
    background = new Background(this);
    bench = new Bench(this);
    build();
    if (state == null) take(getIntent());
  }

  @Override
  protected void onNewIntent(Intent intent) {
    take(intent);
  }

  @Override
  protected void onResume() {
    super.onResume();
    showFile();
    follow();
  }

  @Override
  protected void onDestroy() {
    background.close();
    super.onDestroy();
  }

  private void build() {
    Page page = new Page(this, R.string.bench_title);
    Column column = page.column;
    warnWithoutLiteRt(column.card());
    Column settings = column.card();
    settings.heading(R.string.bench_file);
    file = settings.text("");
    settings.button(R.string.bench_choose, this::pick);
    settings.heading(R.string.bench_accelerator);
    String[] names = getResources().getStringArray(R.array.accelerators);
    settings.choice(
        names,
        getResources().getStringArray(R.array.accelerators_spoken),
        bench.accelerator(),
        bench::setAccelerator);
    settings.heading(R.string.bench_threads);
    addThreads(settings);
    run = settings.mainButton(R.string.bench_run, this::run);
    message = column.text("");
    message.setAccessibilityLiveRegion(View.ACCESSIBILITY_LIVE_REGION_POLITE);
    result = column.card();
    column.button(
        R.string.bench_results, () -> startActivity(new Intent(this, ResultsActivity.class)));
    column.button(R.string.bench_demo, () -> startActivity(bench.demo()));
    page.show();
  }

  private void addThreads(Column settings) {
    String[] words = new String[Bench.THREADS.length];
    String[] spoken = new String[words.length];
    for (int i = 0; i < words.length; i++) {
      int count = Bench.THREADS[i];
      words[i] = Numbers.whole(count);
      spoken[i] = getResources().getQuantityString(R.plurals.threads, count, words[i]);
    }
    settings.choice(words, spoken, bench.threads(), bench::setThreads);
  }

  private void warnWithoutLiteRt(Column card) {
    card.view().setVisibility(View.GONE);
    background.run(
        () -> Packed.hasLiteRt(this),
        packed -> {
          if (packed) return;
          card.heading(R.string.no_litert);
          card.text(R.string.no_litert_todo);
          card.view().setVisibility(View.VISIBLE);
        },
        this::say);
  }

  private void showFile() {
    String name = bench.name();
    run.setEnabled(name != null);
    file.setText(
        name == null
            ? getText(R.string.bench_no_file)
            : getString(
                R.string.bench_chosen, name, Formatter.formatFileSize(this, bench.bytes())));
  }

  private void pick() {
    Intent picker =
        new Intent(Intent.ACTION_OPEN_DOCUMENT)
            .addCategory(Intent.CATEGORY_OPENABLE)
            .setType("*/*"); // Nobody has registered a type for .tflite.
    try {
      startActivityForResult(picker, PICK);
    } catch (ActivityNotFoundException error) {
      say(getString(R.string.no_picker));
    }
  }

  @Override
  protected void onActivityResult(int request, int code, Intent data) {
    if (request == PICK && code == RESULT_OK && data != null) choose(data.getData());
  }

  private void choose(Uri uri) {
    try {
      choose(Incoming.at(this, uri));
    } catch (Refused refused) {
      say(refused.text(getResources()));
    }
  }

  /** Takes a file that another app sends. It is not run before the user says so. */
  private void take(Intent intent) {
    try {
      Incoming incoming = Incoming.of(this, intent);
      if (incoming != null) choose(incoming);
    } catch (Refused refused) {
      say(refused.text(getResources()));
    }
  }

  private void choose(Incoming incoming) {
    say(getString(R.string.bench_reading));
    background.run(
        () -> {
          bench.choose(incoming);
          return incoming;
        },
        chosen -> {
          say("");
          showFile();
        },
        this::say);
  }

  private void run() {
    try {
      run.setEnabled(false);
      startActivity(bench.order());
      started = true;
    } catch (IOException error) {
      say(getString(R.string.failed, error.toString()));
    }
  }

  /** Shows the run that was started last, and once more when it has ended. */
  private void follow() {
    String id = bench.lastRun();
    result.view().setVisibility(View.GONE);
    if (id == null) return;
    // One that was started long ago may have been removed.
    long patience = started ? BEGIN_WITHIN_MS : 0;
    started = false;
    background.run(
        () -> awaitEnd(id, patience),
        past -> {
          if (past != null) show(past);
          else if (patience > 0) say(getString(R.string.bench_not_begun));
        },
        this::say);
  }

  private PastRun awaitEnd(String id, long patience) throws IOException, InterruptedException {
    RunFolder folder = Follower.await(new Runs(getFilesDir()), id, patience);
    if (folder == null) return null;
    Follower.awaitEnd(folder);
    return PastRun.read(folder);
  }

  private void show(PastRun past) {
    RunCard.fill(this, result, past);
    result.view().setVisibility(View.VISIBLE);
  }

  private void say(String text) {
    message.setText(text);
    message.setVisibility(text.isEmpty() ? View.GONE : View.VISIBLE);
  }
}
