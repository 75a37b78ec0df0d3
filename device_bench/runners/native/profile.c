#define _GNU_SOURCE
#include "profile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "system.h"

typedef struct {
  const char *name;
  bool delegated;
  uint64_t place; /* in its delegate, whose operators are numbered from 0 */
  uint64_t microseconds;
} Op;

/* Reads the events of the last run, leaves those of operators, and returns their number. */
static int read_operators(const LiteRt *api, LiteRtProfiler profiler,
                          LiteRtProfiledEvent **events) {
  int count = 0;
  litert_check(api->GetNumProfilerEvents(profiler, &count), "Counting the profiler's events");
  *events = realloc(*events, (size_t)(count > 0 ? count : 1) * sizeof **events);
  if (!*events) fail("There is no memory left.");
  litert_check(api->GetProfilerEvents(profiler, count, *events), "Reading the profiler's events");
  int kept = 0;
  for (int i = 0; i < count; i++) {
    int32_t type = (*events)[i].type;
    if (type == LITERT_EVENT_OPERATOR || type == LITERT_EVENT_IN_DELEGATE)
      (*events)[kept++] = (*events)[i];
  }
  return kept;
}

static Op *first_run(const LiteRtProfiledEvent *events, int count) {
  Op *ops = calloc((size_t)(count > 0 ? count : 1), sizeof *ops);
  if (!ops) fail("There is no memory left.");
  for (int i = 0; i < count; i++) {
    ops[i].name = strdup(events[i].tag ? events[i].tag : "");
    if (!ops[i].name) fail("There is no memory left.");
    ops[i].delegated = events[i].type == LITERT_EVENT_IN_DELEGATE;
    ops[i].place = events[i].metadata[0];
  }
  return ops;
}

/* Parts of the graph that a delegate took: in each the numbers of operators grow from 0. */
static int count_partitions(const Op *ops, int count) {
  int partitions = 0;
  for (int i = 0; i < count; i++) {
    bool goes_on = i > 0 && ops[i - 1].delegated && ops[i].place > ops[i - 1].place;
    if (ops[i].delegated && !goes_on) partitions++;
  }
  return partitions;
}

void profile(const Model *model, const Options *options) {
  const LiteRt *api = &model->api;
  LiteRtProfiler profiler = NULL;
  litert_check(api->CompiledModelGetProfiler(model->compiled, &profiler), "Finding the profiler");
  LiteRtProfiledEvent *events = NULL;
  int64_t *runs = malloc((size_t)options->max_runs * sizeof *runs);
  if (!runs) fail("There is no memory left.");
  Op *ops = NULL;
  int op_count = 0;
  int64_t count = 0, spent = 0;
  while (count < options->max_runs && (count < options->runs || spent < options->run_ns)) {
    litert_check(api->ResetProfiler(profiler), "Clearing the profiler");
    litert_check(api->StartProfiler(profiler), "Starting the profiler");
    int64_t start = now_ns();
    run_model(model);
    runs[count] = now_ns() - start;
    litert_check(api->StopProfiler(profiler), "Stopping the profiler");
    spent += runs[count++];
    int seen = read_operators(api, profiler, &events);
    if (!ops) {
      ops = first_run(events, seen);
      op_count = seen;
    }
    if (seen != op_count) fail("A run has %d operators and another %d.", op_count, seen);
    for (int i = 0; i < seen; i++) ops[i].microseconds += events[i].elapsed_us;
  }
  for (int64_t i = 0; i < count; i++)
    printf("{\"event\":\"run\",\"ns\":%" PRId64 ",\"mhz\":null,\"capped\":null}\n", runs[i]);
  for (int i = 0; i < op_count; i++) {
    printf("{\"event\":\"op\",\"name\":");
    print_string(ops[i].name);
    printf(",\"delegated\":%s,\"ns\":%" PRIu64 "}\n", ops[i].delegated ? "true" : "false",
           ops[i].microseconds * 1000 / (uint64_t)count);
  }
  printf("{\"event\":\"partitions\",\"count\":%d}\n", count_partitions(ops, op_count));
}
