/* Runs a .tflite file with LiteRT and prints what it took: one JSON object a line.
 *
 * Times are nanoseconds of CLOCK_MONOTONIC. `init` is from the start of reading the file to buffers
 * ready to run; starting the process, the library and its environment is left out, as an app pays
 * for those once. The lines, in this order:
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
 *
 * Build it without CMake, for example for arm64:
 *   aarch64-linux-gnu-gcc -std=c11 -O2 -Wall -Wextra -Werror runner.c litert.c measure.c model.c \
 *       options.c profile.c report.c system.c -ldl -o runner
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"
#include "profile.h"
#include "report.h"

static void print_time(const char *event, int64_t ns) {
  printf("{\"event\":\"%s\",\"ns\":%" PRId64 "}\n", event, ns);
}

static void print_run(const Run *run) {
  printf("{\"event\":\"run\",\"ns\":%" PRId64, run->ns);
  if (run->core.mhz < 0)
    printf(",\"mhz\":null");
  else
    printf(",\"mhz\":%d", run->core.mhz);
  const char *const capped[] = {"null", "false", "true"};
  printf(",\"capped\":%s}\n", capped[run->core.capped + 1]);
}

static void print_end(const Model *model) {
  bool accelerated = false;
  if (model->api.CompiledModelIsFullyAccelerated(model->compiled, &accelerated) != LITERT_OK)
    fail("LiteRT does not say whether the model is accelerated.");
  int64_t peak = peak_rss_bytes();
  printf("{\"event\":\"end\",\"peak_rss_bytes\":");
  if (peak < 0)
    printf("null");
  else
    printf("%" PRId64, peak);
  printf(",\"fully_accelerated\":%s,\"outputs\":[", accelerated ? "true" : "false");
  for (size_t i = 0; i < model->output_count; i++)
    printf("%s%zu", i ? "," : "", model->outputs[i].bytes);
  printf("]}\n");
}

int main(int count, char **words) {
  Options options = parse_options(count, words);
  if (options.cores) pin(options.cores);
  LiteRt api = litert_open();
  LiteRtEnvironment environment = make_environment(&api);

  int64_t start = now_ns();
  Model model = load_model(api, environment, &options);
  int64_t init = now_ns() - start;
  read_inputs(&model, &options);
  start = now_ns();
  run_model(&model);
  int64_t first = now_ns() - start;
  /* Whoever waits for a slow model sees that it is loaded. */
  print_time("init", init);
  print_time("first", first);
  fflush(stdout);

  Runs warmup = measure(&model, options.warmup_runs, options.warmup_ns, &options);
  if (options.profile) {
    for (int64_t i = 0; i < warmup.count; i++) print_time("warmup", warmup.runs[i].ns);
    profile(&model, &options);
  } else {
    Runs runs = measure(&model, options.runs, options.run_ns, &options);
    for (int64_t i = 0; i < warmup.count; i++) print_time("warmup", warmup.runs[i].ns);
    for (int64_t i = 0; i < runs.count; i++) print_run(&runs.runs[i]);
  }
  if (options.outputs) write_outputs(&model, options.outputs);
  print_end(&model);
  if (fflush(stdout)) return 1;
  /* The system takes everything back; tearing down LiteRT's threads would only add ways to hang. */
  _Exit(0);
}
