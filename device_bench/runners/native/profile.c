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
} Op;

/* What is collected over the runs. */
typedef struct {
  LiteRtProfiler profiler;
  int64_t *runs;
  int64_t count;
  LiteRtProfiledEvent *events; /* of the last run */
  Op *ops;
  int op_count;
  uint64_t *microseconds; /* of each operator, run by run */
  int64_t room;           /* for how many runs */
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

static bool make_room(Collected *all, Failure *failure) {
  if (all->count <= all->room) return true;
  int64_t room = all->room ? 2 * all->room : 64;
  size_t size = (size_t)room * (size_t)all->op_count * sizeof *all->microseconds;
  uint64_t *larger = realloc(all->microseconds, size ? size : 1);
  if (!larger) return fail(failure, "There is no memory left.");
  all->microseconds = larger;
  all->room = room;
  return true;
}

static bool add_operators(Collected *all, int seen, Failure *failure) {
  if (!all->ops && !begin_operators(all, seen, failure)) return false;
  if (seen != all->op_count)
    return fail(failure, "A run has %d operators and another %d.", all->op_count, seen);
  if (!make_room(all, failure)) return false;
  uint64_t *run = all->microseconds + (all->count - 1) * all->op_count;
  for (int i = 0; i < seen; i++) run[i] = all->events[i].elapsed_us;
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

static int compare_runs(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* The longest that a run of the faster half took. Whoever else uses the core stops an operator for
 * milliseconds, which a mean over all runs would count as the operator's. */
static bool slowest_counted(const Collected *all, int64_t *slowest, Failure *failure) {
  int64_t *sorted = allocate((size_t)all->count, sizeof *sorted, failure);
  if (!sorted) return false;
  memcpy(sorted, all->runs, (size_t)all->count * sizeof *sorted);
  qsort(sorted, (size_t)all->count, sizeof *sorted, compare_runs);
  *slowest = all->count > 0 ? sorted[(all->count - 1) / 2] : 0;
  free(sorted);
  return true;
}

/* Tells the faster half of the runs, and the mean of each operator over these. */
static bool print(FILE *out, const Collected *all, Failure *failure) {
  int64_t slowest = 0;
  if (!slowest_counted(all, &slowest, failure)) return false;
  uint64_t counted = 0;
  for (int64_t i = 0; i < all->count; i++) {
    if (all->runs[i] > slowest) continue;
    counted++;
    fprintf(out, "{\"event\":\"run\",\"ns\":%" PRId64 ",\"mhz\":null,\"capped\":null}\n",
            all->runs[i]);
  }
  for (int i = 0; i < all->op_count; i++) {
    const Op *op = &all->ops[i];
    uint64_t sum = 0;
    for (int64_t run = 0; run < all->count; run++)
      if (all->runs[run] <= slowest) sum += all->microseconds[run * all->op_count + i];
    fprintf(out, "{\"event\":\"op\",\"name\":");
    print_string(out, op->name);
    fprintf(out, ",\"delegated\":%s,\"ns\":%" PRIu64 "}\n", op->delegated ? "true" : "false",
            sum * 1000 / counted);
  }
  fprintf(out, "{\"event\":\"partitions\",\"count\":%d}\n",
          count_partitions(all->ops, all->op_count));
  return true;
}

bool profile(const Model *model, const Goal *goal, FILE *out, Failure *failure) {
  Collected all = {0};
  bool complete = collect(model, goal, &all, failure);
  complete = complete && print(out, &all, failure);
  for (int i = 0; i < all.op_count; i++) free(all.ops[i].name);
  free(all.ops);
  free(all.events);
  free(all.microseconds);
  free(all.runs);
  return complete;
}
