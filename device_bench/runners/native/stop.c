#include "stop.h"

#include <stdio.h>

enum { NOBODY = 0, ASKING = 1, ASKED = 2 };

void ask_to_stop(Stop *stop, const char *why) {
  int expected = NOBODY;
  if (!atomic_compare_exchange_strong(&stop->state, &expected, ASKING)) return;
  snprintf(stop->why, sizeof stop->why, "%s", why);
  atomic_store(&stop->state, ASKED);
}

const char *reason_to_stop(const Stop *stop) {
  return atomic_load(&stop->state) == ASKED ? stop->why : NULL;
}

void forget_to_stop(Stop *stop) {
  int expected = ASKED;
  atomic_compare_exchange_strong(&stop->state, &expected, NOBODY);
}
