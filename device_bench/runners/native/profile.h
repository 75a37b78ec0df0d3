/* Where the time of a run goes, operator by operator. */
#ifndef EDGESHIP_PROFILE_H
#define EDGESHIP_PROFILE_H

#include "model.h"
#include "options.h"

/* Runs the model as often as the options ask with LiteRT's profiler, and prints a "run" line for
 * each run and then an "op" line for each operator in the order of execution, with its mean time.
 * LiteRT reports whole microseconds. */
void profile(const Model *model, const Options *options);

#endif
