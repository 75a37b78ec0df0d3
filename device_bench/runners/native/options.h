/* The command line. */
#ifndef EDGESHIP_OPTIONS_H
#define EDGESHIP_OPTIONS_H

#include <stdint.h>

#include "model.h"

enum { MAX_INPUTS = 64, MAX_RUNS = 10000000 };

typedef struct {
  const char *model;
  const char *inputs[MAX_INPUTS]; /* files with raw bytes; zeros where there is none */
  int input_count;
  const char *outputs; /* file for the raw bytes of all outputs in order, or NULL */
  const char *cores;   /* such as "4,5,6", or NULL */
  Hardware hardware;
  int64_t warmup_runs; /* at least */
  int64_t warmup_ns;   /* at least */
  int64_t runs;        /* at least */
  int64_t run_ns;      /* at least */
  int64_t max_runs;    /* at most, of warm-up and of timed runs each */
  bool frequency;      /* read the core's frequency between runs */
} Options;

/* Reads the words behind the program's name. */
MUST_USE bool parse_options(Options *options, int count, char *const *words, Failure *failure);

/* What "cpu", "gpu" or "npu" is to LiteRT. */
MUST_USE bool parse_accelerator(int *accelerator, const char *text, Failure *failure);

#endif
