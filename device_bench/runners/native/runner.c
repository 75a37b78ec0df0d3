/* Runs a .tflite file with LiteRT and prints what it took: one JSON object a line.
 *
 * Times are nanoseconds of CLOCK_MONOTONIC. `init` is from the start of reading the file to buffers
 * ready to run; starting the process, the library and its environment is left out, as an app pays
 * for those once. A run ends when its outputs can be read: a GPU is still at work when LiteRT
 * returns. The lines, in this order:
 *
 *   {"event":"init","ns":N}
 *   {"event":"first","ns":N}
 *   {"event":"warmup","ns":N}                                  0 or more
 *   {"event":"run","ns":N,"mhz":N or null,"capped":true, false or null}   1 or more
 *   {"event":"op","name":S,"delegated":BOOL,"ns":N}            with --profile
 *   {"event":"partitions","count":N}                           with --profile
 *   {"event":"end","peak_rss_bytes":N or null,"fully_accelerated":BOOL,"outputs":[BYTES, ...]}
 *
 * or, at any place, {"event":"error","what":S} and exit code 1.
 */
#include "runner.h"

#include <inttypes.h>
#include <stdlib.h>

#include "measure.h"
#include "options.h"
#include "profile.h"
#include "report.h"
#include "system.h"
#include "tensors.h"

/* All that a run holds. */
typedef struct {
  Options options;
  Cores before;
  Model model;
  Runs warmup, runs;
} Session;

static void print_time(FILE *out, const char *event, int64_t ns) {
  fprintf(out, "{\"event\":\"%s\",\"ns\":%" PRId64 "}\n", event, ns);
}

static void print_run(FILE *out, const Run *run) {
  fprintf(out, "{\"event\":\"run\",\"ns\":%" PRId64, run->ns);
  if (run->core.mhz < 0)
    fprintf(out, ",\"mhz\":null");
  else
    fprintf(out, ",\"mhz\":%d", run->core.mhz);
  const char *const capped[] = {"null", "false", "true"};
  fprintf(out, ",\"capped\":%s}\n", capped[run->core.capped + 1]);
}

static bool print_end(FILE *out, const Model *model, Failure *failure) {
  bool accelerated = false;
  if (model->api.CompiledModelIsFullyAccelerated(model->compiled, &accelerated) != LITERT_OK)
    return fail(failure, "LiteRT does not say whether the model is accelerated.");
  int64_t peak = peak_rss_bytes();
  fprintf(out, "{\"event\":\"end\",\"peak_rss_bytes\":");
  if (peak < 0)
    fprintf(out, "null");
  else
    fprintf(out, "%" PRId64, peak);
  fprintf(out, ",\"fully_accelerated\":%s,\"outputs\":[", accelerated ? "true" : "false");
  for (size_t i = 0; i < model->output_count; i++)
    fprintf(out, "%s%zu", i ? "," : "", model->outputs[i].bytes);
  fprintf(out, "]}\n");
  return true;
}

/* Loads the model and runs it once. */
static bool begin(Session *session, FILE *out, Failure *failure) {
  const Options *options = &session->options;
  Model *model = &session->model;
  if (options->cores && !pin(options->cores, &session->before, failure)) return false;
  if (!start_litert(model, &options->hardware, failure)) return false;
  int64_t start = now_ns();
  if (!load_model(model, options->model, &options->hardware, failure)) return false;
  int64_t init = now_ns() - start;
  if (!read_inputs(model, options->input_count, options->inputs, failure)) return false;
  start = now_ns();
  int status = run_model(model);
  int64_t first = now_ns() - start;
  if (!check_run(status, failure)) return false;
  /* Whoever waits for a slow model sees that it is loaded. */
  print_time(out, "init", init);
  print_time(out, "first", first);
  fflush(out);
  return true;
}

static bool measure_all(Session *session, const Surroundings *around, Failure *failure) {
  const Options *options = &session->options;
  const Model *model = &session->model;
  const Goal warm = {options->warmup_runs, options->warmup_ns, options->max_runs,
                     options->frequency, around->stop};
  const Goal timed = {options->runs, options->run_ns, options->max_runs, options->frequency,
                      around->stop};
  const Runs *warmup = &session->warmup, *runs = &session->runs;
  if (!measure(&session->warmup, model, &warm, failure)) return false;
  if (!options->hardware.profile && !measure(&session->runs, model, &timed, failure)) return false;
  for (int64_t i = 0; i < warmup->count; i++)
    print_time(around->out, "warmup", warmup->runs[i].ns);
  if (options->hardware.profile) return profile(model, &timed, around->out, failure);
  for (int64_t i = 0; i < runs->count; i++) print_run(around->out, &runs->runs[i]);
  return true;
}

static bool run(Session *session, int count, char *const *words, const Surroundings *around,
                Failure *failure) {
  const Options *options = &session->options;
  return parse_options(&session->options, count, words, failure) &&
         begin(session, around->out, failure) && measure_all(session, around, failure) &&
         (!options->outputs || write_outputs(&session->model, options->outputs, failure)) &&
         print_end(around->out, &session->model, failure);
}

int runner_run(int count, char *const *words, const Surroundings *around) {
  Session session = {0};
  Failure failure;
  bool complete = run(&session, count, words, around, &failure);
  if (!complete) print_failure(around->out, &failure);
  /* Before anything is torn down: a driver that crashes then takes no report with it. */
  bool written = !fflush(around->out) && !ferror(around->out);
  free(session.warmup.runs);
  free(session.runs.runs);
  /* A process that ends stays on its cores to its end, as whoever looks at it expects. */
  if (!around->process_ends) {
    close_model(&session.model);
    unpin(&session.before);
  }
  return complete && written ? EXIT_SUCCESS : EXIT_FAILURE;
}
