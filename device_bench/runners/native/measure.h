/* Running a model many times and taking the time. */
#ifndef EDGESHIP_MEASURE_H
#define EDGESHIP_MEASURE_H

#include "model.h"
#include "options.h"
#include "system.h"

typedef struct {
  int64_t ns;
  CoreState core; /* before the run; at most 50 ms old */
} Run;

typedef struct {
  Run *runs;
  int64_t count;
} Runs;

/* Runs the model until both a count and a time are reached, or as often as the options allow.
 * Nothing is printed meanwhile, and what is read from the system is read outside the timed part. */
Runs measure(const Model *model, int64_t at_least, int64_t at_least_ns, const Options *options);

#endif
