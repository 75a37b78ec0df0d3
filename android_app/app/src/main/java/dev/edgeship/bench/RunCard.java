package dev.edgeship.bench;

import android.content.Context;
import android.content.res.Resources;
import java.text.DateFormat;
import java.util.Date;
import java.util.Locale;
import org.json.JSONObject;

/** How one run looks on a screen. */
final class RunCard {
  private final Context context;
  private final Column card;
  private final PastRun run;

  private RunCard(Context context, Column card, PastRun run) {
    this.context = context;
    this.card = card;
    this.run = run;
  }

  /** Fills a card. */
  static void fill(Context context, Column card, PastRun run) {
    card.clear();
    new RunCard(context, card, run).fill();
  }

  private void fill() {
    card.heading(run.model.isEmpty() ? run.id : run.model);
    switch (run.state) {
      case FINISHED:
        figures(run.summary);
        break;
      case FAILED:
        card.text(run.summary.optString(Summary.ERROR));
        break;
      case DIED:
        card.text(R.string.result_died);
        break;
      default:
        card.text(R.string.result_running);
    }
    card.note(conditions());
  }

  private void figures(JSONObject summary) {
    card.large(
        context.getString(R.string.milliseconds, time(Summary.MEDIAN)), R.dimen.text_figure);
    card.text(
        context.getString(
            R.string.result_median,
            Numbers.whole(summary.optInt(Summary.RUNS)),
            time(Summary.P90)));
    card.note(
        context.getString(
            R.string.result_range,
            time(Summary.FASTEST),
            time(Summary.SLOWEST),
            time(Summary.INIT),
            time(Summary.FIRST)));
    if (!run.accelerator().equals("cpu") && !summary.optBoolean(Summary.ACCELERATED)) {
      card.note(context.getText(R.string.result_partly));
    }
    if (summary.has(Summary.THERMAL_END) && !summary.isNull(Summary.THERMAL_END)) {
      card.note(
          context.getString(
              R.string.result_thermal,
              thermal(summary.optInt(Summary.THERMAL_BEGIN)),
              thermal(summary.optInt(Summary.THERMAL_END))));
    }
  }

  private String conditions() {
    String when =
        DateFormat.getDateTimeInstance(DateFormat.MEDIUM, DateFormat.SHORT)
            .format(new Date(run.begun));
    String where = Names.shown(run.accelerator()).toUpperCase(Locale.ROOT);
    return context.getString(R.string.result_conditions, when, where, run.threads());
  }

  private String time(String figure) {
    return Numbers.milliseconds(run.summary.optLong(figure));
  }

  private String thermal(int status) {
    Resources resources = context.getResources();
    String[] words = resources.getStringArray(R.array.thermal);
    return words[Math.max(0, Math.min(status, words.length - 1))];
  }
}
