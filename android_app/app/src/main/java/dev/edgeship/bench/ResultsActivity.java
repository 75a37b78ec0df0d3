package dev.edgeship.bench;

import android.app.Activity;
import android.app.AlertDialog;
import android.content.ClipData;
import android.content.Intent;
import android.net.Uri;
import android.os.Bundle;
import android.view.View;
import java.util.ArrayList;
import java.util.List;

/** All runs on this phone, those of adb too; to be shared with other apps, or removed. */
public final class ResultsActivity extends Activity {
  private static final int SHOWN_AT_ONCE = 20;

  private Background background;
  private Column actions;
  private Column list;
  private List<PastRun> runs = new ArrayList<>();

  @Override
  protected void onCreate(Bundle state) {
    super.onCreate(state);
    background = new Background(this);
    Page page = new Page(this, R.string.results_title);
    actions = page.column.part();
    actions.button(R.string.results_json, () -> share(SharedFile.JSON));
    actions.button(R.string.results_csv, () -> share(SharedFile.CSV));
    list = page.column.part();
    page.column.button(R.string.results_remove, this::askToRemove);
    page.show();
  }

  @Override
  protected void onResume() {
    super.onResume();
    read();
  }

  @Override
  protected void onDestroy() {
    background.close();
    super.onDestroy();
  }

  private void read() {
    background.run(() -> PastRun.readAll(new Runs(getFilesDir())), this::show, this::say);
  }

  private void show(List<PastRun> found) {
    runs = found;
    list.clear();
    actions.view().setVisibility(runs.isEmpty() ? View.GONE : View.VISIBLE);
    if (runs.isEmpty()) list.text(R.string.results_none);
    showMore(0);
  }

  /** Adds the next runs to the list, and a button if there are more. */
  private void showMore(int from) {
    int to = Math.min(from + SHOWN_AT_ONCE, runs.size());
    for (PastRun run : runs.subList(from, to)) RunCard.fill(this, list.card(), run);
    if (to == runs.size()) return;
    View[] more = new View[1];
    more[0] =
        list.button(
            R.string.results_more,
            () -> {
              list.view().removeView(more[0]);
              showMore(to);
            });
  }

  private void share(String file) {
    Uri address = RunsProvider.address(file);
    Intent send =
        new Intent(Intent.ACTION_SEND)
            .setType(SharedFile.type(file))
            .putExtra(Intent.EXTRA_STREAM, address)
            .addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION);
    // The right to read goes with the clip to whichever app is chosen.
    send.setClipData(ClipData.newRawUri(SharedFile.name(file), address));
    startActivity(Intent.createChooser(send, getText(R.string.results_share)));
  }

  private void askToRemove() {
    new AlertDialog.Builder(this)
        .setMessage(R.string.results_remove_all)
        .setPositiveButton(R.string.results_remove, (dialog, which) -> removeAll())
        .setNegativeButton(android.R.string.cancel, null)
        .show();
  }

  private void removeAll() {
    background.run(() -> new Runs(getFilesDir()).removeAll(), count -> read(), this::say);
  }

  private void say(String text) {
    list.clear();
    list.text(text);
  }
}
