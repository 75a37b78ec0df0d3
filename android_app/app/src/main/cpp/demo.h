/* Models that the demo runs, by numbers that Java may keep, lose, or use once too often. */
#ifndef EDGEBENCH_DEMO_H
#define EDGEBENCH_DEMO_H

#include <stdint.h>

#include "model.h"

/* Why infer gives no time. */
enum { DEMO_CLOSED = -1, DEMO_WRONG_SIZE = -2, DEMO_FAILED = -3 };

/* Loads a model with one input and one output, and returns its number; 0 after writing the failure.
 * The accelerator is "cpu", "gpu" or "npu". */
int64_t demo_open(const char *path, int threads, const char *accelerator, Failure *failure);

/* Copies the type of the input or of the output; false for a number that is not open. */
bool demo_type(int64_t number, bool output, LiteRtRankedTensorType *type);

/* Copies the input's bytes in, runs, and copies the output's bytes out. Returns the nanoseconds of
 * the run alone, or one of the above. */
int64_t demo_infer(int64_t number, const void *in, int64_t in_bytes, void *out, int64_t out_bytes);

/* Waits for the run that is going on, and closes; a number that is not open is left alone. */
void demo_close(int64_t number);

#endif
