/* The runner as a function. */
#ifndef EDGESHIP_RUNNER_H
#define EDGESHIP_RUNNER_H

#include <stdbool.h>
#include <stdio.h>

#include "stop.h"

/* Where it runs. */
typedef struct {
  FILE *out;         /* takes the lines; stays open */
  const Stop *stop;  /* once somebody asks, the run ends soon with that as its error; or NULL */
  bool process_ends; /* right after it: then what LiteRT holds is left to the system */
} Surroundings;

/* Runs a file as the words of a command line say (options.c; without the program's name), prints
 * lines (runner.c) and returns the program's exit code. The lines have left `out` when it returns,
 * and it holds nothing any more, whatever failed. */
int runner_run(int count, char *const *words, const Surroundings *around);

#endif
