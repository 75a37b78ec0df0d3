#include "measure.h"

#include <stdlib.h>

/* Often enough to see throttling, too seldom to warm the core or empty its caches. */
static const int64_t CORE_STATE_EVERY_NS = 50000000;

bool goes_on(const Goal *goal, Failure *failure) {
  const char *why = goal->stop ? reason_to_stop(goal->stop) : NULL;
  return !why || fail(failure, "%s", why);
}

bool measure(Runs *result, const Model *model, const Goal *goal, Failure *failure) {
  /* Not zeroed: memory that no run touches would count as memory of the model. */
  *result = (Runs){malloc((size_t)goal->most * sizeof(Run)), 0};
  if (!result->runs) return fail(failure, "There is no memory left.");
  CoreState core = {-1, -1};
  int64_t core_read = -CORE_STATE_EVERY_NS;
  int64_t spent = 0;
  while (result->count < goal->most && (result->count < goal->runs || spent < goal->ns)) {
    if (!goes_on(goal, failure)) return false;
    if (goal->frequency && now_ns() - core_read >= CORE_STATE_EVERY_NS) {
      core = core_state();
      core_read = now_ns();
    }
    int64_t start = now_ns();
    int status = run_model(model);
    int64_t ns = now_ns() - start;
    if (!check_run(status, failure)) return false;
    result->runs[result->count++] = (Run){ns, core};
    spent += ns;
  }
  return true;
}
