#include "measure.h"

#include <stdlib.h>

#include "report.h"

/* Often enough to see throttling, too seldom to warm the core or empty its caches. */
static const int64_t CORE_STATE_EVERY_NS = 50000000;

Runs measure(const Model *model, int64_t at_least, int64_t at_least_ns, const Options *options) {
  Runs result = {malloc((size_t)options->max_runs * sizeof(Run)), 0};
  if (!result.runs) fail("There is no memory left.");
  CoreState core = {-1, -1};
  int64_t core_read = -CORE_STATE_EVERY_NS;
  int64_t spent = 0;
  while (result.count < options->max_runs && (result.count < at_least || spent < at_least_ns)) {
    if (options->frequency && now_ns() - core_read >= CORE_STATE_EVERY_NS) {
      core = core_state();
      core_read = now_ns();
    }
    int64_t start = now_ns();
    run_model(model);
    int64_t ns = now_ns() - start;
    result.runs[result.count++] = (Run){ns, core};
    spent += ns;
  }
  return result;
}
