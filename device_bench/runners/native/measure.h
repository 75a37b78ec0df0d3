/* Running a model many times and taking the time. */
#ifndef EDGESHIP_MEASURE_H
#define EDGESHIP_MEASURE_H

#include "model.h"
#include "stop.h"
#include "system.h"

/* How often to run: until both a count and a time are reached. */
typedef struct {
  int64_t runs;     /* at least */
  int64_t ns;       /* at least */
  int64_t most;     /* runs at most */
  bool frequency;   /* read the core's state between runs */
  const Stop *stop; /* looked at between runs; NULL: nobody stops it */
} Goal;

typedef struct {
  int64_t ns;
  CoreState core; /* before the run; at most 50 ms old */
} Run;

typedef struct {
  Run *runs; /* to be freed, also after a failure */
  int64_t count;
} Runs;

/* Fails once the measurement is to be stopped. */
MUST_USE bool goes_on(const Goal *goal, Failure *failure);

/* Runs the model until the goal is reached. Nothing is printed meanwhile, and what is read from the
 * system or from the goal is read outside the timed part. */
MUST_USE bool measure(Runs *result, const Model *model, const Goal *goal, Failure *failure);

#endif
