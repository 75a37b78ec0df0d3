#define _GNU_SOURCE
#include "profile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "system.h"

typedef struct {
  char *name;
  bool delegated;
  uint64_t place; /* in its delegate, whose operators are numbered from 0 */
  uint64_t microseconds;
} Op;

/* What is collected over the runs. */
typedef struct {
  LiteRtProfiler profiler;
  int64_t *runs;
  int64_t count;
  LiteRtProfiledEvent *events; /* of the last run */
  Op *ops;
  int op_count;
} Collected;

/* Reads the events of the last run and leaves those of operators, of which there are `kept`. */
static bool read_operators(const LiteRt *api, Collected *all, int *kept, Failure *failure) {
  int count = 0;
  if (!litert_check(api->GetNumProfilerEvents(all->profiler, &count),
                    "Counting the profiler's events", failure))
    return false;
  free(all->events);
  all->events = allocate(count > 0 ? (size_t)count : 0, sizeof *all->events, failure);
  if (!all->events) return false;
  if (!litert_check(api->GetProfilerEvents(all->profiler, count, all->events),
                    "Reading the profiler's events", failure))
    return false;
  *kept = 0;
  for (int i = 0; i < count; i++) {
    int32_t type = all->events[i].type;
    if (type == LITERT_EVENT_OPERATOR || type == LITERT_EVENT_IN_DELEGATE)
      all->events[(*kept)++] = all->events[i];
  }
  return true;
}

static bool begin_operators(Collected *all, int count, Failure *failure) {
  all->ops = allocate((size_t)count, sizeof *all->ops, failure);
  if (!all->ops) return false;
  all->op_count = count;
  for (int i = 0; i < count; i++) {
    Op *op = &all->ops[i];
    op->name = strdup(all->events[i].tag ? all->events[i].tag : "");
    if (!op->name) return fail(failure, "There is no memory left.");
    op->delegated = all->events[i].type == LITERT_EVENT_IN_DELEGATE;
    op->place = all->events[i].metadata[0];
  }
  return true;
}

static bool add_operators(Collected *all, int seen, Failure *failure) {
  if (!all->ops && !begin_operators(all, seen, failure)) return false;
  if (seen != all->op_count)
    return fail(failure, "A run has %d operators and another %d.", all->op_count, seen);
  for (int i = 0; i < seen; i++) all->ops[i].microseconds += all->events[i].elapsed_us;
  return true;
}

static bool run_once(const Model *model, Collected *all, Failure *failure) {
  const LiteRt *api = &model->api;
  if (!litert_check(api->ResetProfiler(all->profiler), "Clearing the profiler", failure) ||
      !litert_check(api->StartProfiler(all->profiler), "Starting the profiler", failure))
    return false;
  int64_t start = now_ns();
  int status = run_model(model);
  all->runs[all->count++] = now_ns() - start;
  int seen = 0;
  return check_run(status, failure) &&
         litert_check(api->StopProfiler(all->profiler), "Stopping the profiler", failure) &&
         read_operators(api, all, &seen, failure) && add_operators(all, seen, failure);
}

static bool collect(const Model *model, const Goal *goal, Collected *all, Failure *failure) {
  if (!litert_check(model->api.CompiledModelGetProfiler(model->compiled, &all->profiler),
                    "Finding the profiler", failure))
    return false;
  all->runs = malloc((size_t)goal->most * sizeof *all->runs);
  if (!all->runs) return fail(failure, "There is no memory left.");
  int64_t spent = 0;
  while (all->count < goal->most && (all->count < goal->runs || spent < goal->ns)) {
    if (!goes_on(goal, failure) || !run_once(model, all, failure)) return false;
    spent += all->runs[all->count - 1];
  }
  return true;
}

/* Parts of the graph that a delegate took: in each the numbers of operators grow from 0. */
static int count_partitions(const Op *ops, int count) {
  int partitions = 0;
  for (int i = 0; i < count; i++) {
    bool continues = i > 0 && ops[i - 1].delegated && ops[i].place > ops[i - 1].place;
    if (ops[i].delegated && !continues) partitions++;
  }
  return partitions;
}

static void print(FILE *out, const Collected *all) {
  for (int64_t i = 0; i < all->count; i++)
    fprintf(out, "{\"event\":\"run\",\"ns\":%" PRId64 ",\"mhz\":null,\"capped\":null}\n",
            all->runs[i]);
  for (int i = 0; i < all->op_count; i++) {
    const Op *op = &all->ops[i];
    fprintf(out, "{\"event\":\"op\",\"name\":");
    print_string(out, op->name);
    fprintf(out, ",\"delegated\":%s,\"ns\":%" PRIu64 "}\n", op->delegated ? "true" : "false",
            op->microseconds * 1000 / (uint64_t)all->count);
  }
  fprintf(out, "{\"event\":\"partitions\",\"count\":%d}\n",
          count_partitions(all->ops, all->op_count));
}

bool profile(const Model *model, const Goal *goal, FILE *out, Failure *failure) {
  Collected all = {0};
  bool complete = collect(model, goal, &all, failure);
  if (complete) print(out, &all);
  for (int i = 0; i < all.op_count; i++) free(all.ops[i].name);
  free(all.ops);
  free(all.events);
  free(all.runs);
  return complete;
}
