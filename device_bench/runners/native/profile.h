/* Where the time of a run goes, operator by operator. */
#ifndef EDGESHIP_PROFILE_H
#define EDGESHIP_PROFILE_H

#include <stdio.h>

#include "measure.h"

/* Runs the model until the goal is reached with LiteRT's profiler, and then prints a "run" line for
 * each run and an "op" line for each operator in the order of execution, with its mean time.
 * LiteRT reports whole microseconds. */
MUST_USE bool profile(const Model *model, const Goal *goal, FILE *out, Failure *failure);

#endif
