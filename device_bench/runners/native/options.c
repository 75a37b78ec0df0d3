#include "options.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool number(int64_t *value, const char *option, const char *text, int64_t low,
                   Failure *failure) {
  char *end;
  errno = 0;
  *value = strtoll(text, &end, 10);
  if (errno || end == text || *end || *value < low)
    return fail(failure, "%s takes a whole number from %lld, not '%s'.", option, (long long)low,
                text);
  return true;
}

bool parse_accelerator(int *accelerator, const char *text, Failure *failure) {
  if (!strcmp(text, "cpu"))
    *accelerator = LITERT_CPU;
  else if (!strcmp(text, "gpu"))
    *accelerator = LITERT_GPU;
  else if (!strcmp(text, "npu"))
    *accelerator = LITERT_NPU;
  else
    return fail(failure, "--accelerator takes cpu, gpu or npu, not '%s'.", text);
  return true;
}

static bool threads(Options *options, const char *name, const char *value, Failure *failure) {
  int64_t count;
  if (!number(&count, name, value, 1, failure)) return false;
  if (count > INT_MAX) return fail(failure, "%s are too many threads.", value);
  options->hardware.threads = (int)count;
  return true;
}

/* Takes an option that has a value. */
static bool take(Options *options, const char *name, const char *value, Failure *failure) {
  if (!strcmp(name, "--model")) {
    options->model = value;
  } else if (!strcmp(name, "--input")) {
    if (options->input_count == MAX_INPUTS)
      return fail(failure, "There are more than %d inputs.", MAX_INPUTS);
    options->inputs[options->input_count++] = value;
  } else if (!strcmp(name, "--outputs")) {
    options->outputs = value;
  } else if (!strcmp(name, "--cores")) {
    options->cores = value;
  } else if (!strcmp(name, "--accelerator")) {
    return parse_accelerator(&options->hardware.accelerator, value, failure);
  } else if (!strcmp(name, "--npu-folder")) {
    options->hardware.npu_folder = value;
  } else if (!strcmp(name, "--threads")) {
    return threads(options, name, value, failure);
  } else if (!strcmp(name, "--warmup-runs")) {
    return number(&options->warmup_runs, name, value, 0, failure);
  } else if (!strcmp(name, "--warmup-ns")) {
    return number(&options->warmup_ns, name, value, 0, failure);
  } else if (!strcmp(name, "--runs")) {
    return number(&options->runs, name, value, 1, failure);
  } else if (!strcmp(name, "--run-ns")) {
    return number(&options->run_ns, name, value, 0, failure);
  } else if (!strcmp(name, "--max-runs")) {
    return number(&options->max_runs, name, value, 1, failure);
  } else {
    return fail(failure, "There is no option '%s'.", name);
  }
  return true;
}

bool parse_options(Options *options, int count, char *const *words, Failure *failure) {
  *options = (Options){.hardware = {.threads = 1, .accelerator = LITERT_CPU},
                       .runs = 1,
                       .max_runs = 10000};
  for (int i = 0; i < count; i++) {
    if (!strcmp(words[i], "--profile")) {
      options->hardware.profile = true;
    } else if (!strcmp(words[i], "--frequency")) {
      options->frequency = true;
    } else if (i + 1 == count) {
      return fail(failure, "'%s' is no option, or lacks its value.", words[i]);
    } else {
      if (!take(options, words[i], words[i + 1], failure)) return false;
      i++;
    }
  }
  if (!options->model) return fail(failure, "No file is named with --model.");
  if (options->max_runs > MAX_RUNS) return fail(failure, "--max-runs takes %d at most.", MAX_RUNS);
  if (options->runs > options->max_runs || options->warmup_runs > options->max_runs)
    return fail(failure, "More runs are asked for than --max-runs %lld allows.",
                (long long)options->max_runs);
  return true;
}
