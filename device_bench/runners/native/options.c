#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "litert.h"
#include "report.h"

static int64_t number(const char *option, const char *text, int64_t low) {
  char *end;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (errno || end == text || *end || value < low)
    fail("%s takes a whole number from %lld, not '%s'.", option, (long long)low, text);
  return value;
}

static int accelerator(const char *text) {
  if (!strcmp(text, "cpu")) return LITERT_CPU;
  if (!strcmp(text, "gpu")) return LITERT_GPU;
  if (!strcmp(text, "npu")) return LITERT_NPU;
  fail("--accelerator takes cpu, gpu or npu, not '%s'.", text);
}

/* Takes an option that has a value. */
static void take(Options *options, const char *name, const char *value) {
  if (!strcmp(name, "--model")) {
    options->model = value;
  } else if (!strcmp(name, "--input")) {
    if (options->input_count == MAX_INPUTS) fail("There are more than %d inputs.", MAX_INPUTS);
    options->inputs[options->input_count++] = value;
  } else if (!strcmp(name, "--outputs")) {
    options->outputs = value;
  } else if (!strcmp(name, "--cores")) {
    options->cores = value;
  } else if (!strcmp(name, "--accelerator")) {
    options->accelerator = accelerator(value);
  } else if (!strcmp(name, "--threads")) {
    options->threads = (int)number(name, value, 1);
  } else if (!strcmp(name, "--warmup-runs")) {
    options->warmup_runs = number(name, value, 0);
  } else if (!strcmp(name, "--warmup-ns")) {
    options->warmup_ns = number(name, value, 0);
  } else if (!strcmp(name, "--runs")) {
    options->runs = number(name, value, 1);
  } else if (!strcmp(name, "--run-ns")) {
    options->run_ns = number(name, value, 0);
  } else if (!strcmp(name, "--max-runs")) {
    options->max_runs = number(name, value, 1);
  } else {
    fail("There is no option '%s'.", name);
  }
}

Options parse_options(int count, char **words) {
  Options options = {.threads = 1, .accelerator = LITERT_CPU, .runs = 1, .max_runs = 10000};
  for (int i = 1; i < count; i++) {
    if (!strcmp(words[i], "--profile")) {
      options.profile = true;
    } else if (!strcmp(words[i], "--frequency")) {
      options.frequency = true;
    } else if (i + 1 == count) {
      fail("'%s' is no option, or lacks its value.", words[i]);
    } else {
      take(&options, words[i], words[i + 1]);
      i++;
    }
  }
  if (!options.model) fail("No file is named with --model.");
  if (options.runs > options.max_runs || options.warmup_runs > options.max_runs)
    fail("More runs are asked for than --max-runs %lld allows.", (long long)options.max_runs);
  return options;
}
