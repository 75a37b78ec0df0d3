/* The command line. */
#ifndef EDGESHIP_OPTIONS_H
#define EDGESHIP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum { MAX_INPUTS = 64 };

typedef struct {
  const char *model;
  const char *inputs[MAX_INPUTS]; /* files with raw bytes; zeros where there is none */
  int input_count;
  const char *outputs; /* file for the raw bytes of all outputs in order, or NULL */
  const char *cores;   /* such as "4,5,6", or NULL */
  int threads;
  int accelerator;     /* LITERT_CPU, LITERT_GPU or LITERT_NPU */
  int64_t warmup_runs; /* at least */
  int64_t warmup_ns;   /* at least */
  int64_t runs;        /* at least */
  int64_t run_ns;      /* at least */
  int64_t max_runs;    /* at most, of warm-up and of timed runs each */
  bool frequency;      /* read the core's frequency between runs */
  bool profile;        /* measure operators */
} Options;

/* Reads the arguments; ends the program with a sentence where they make no sense. */
Options parse_options(int count, char **words);

#endif
