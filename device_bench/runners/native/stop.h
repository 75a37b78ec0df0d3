/* The wish of another thread that a measurement end. */
#ifndef EDGESHIP_STOP_H
#define EDGESHIP_STOP_H

#include <stdatomic.h>

/* Begins as zeros, which is no wish. */
typedef struct {
  atomic_int state;
  char why[256];
} Stop;

/* Asks for the end, with a sentence that says why; of several wishes the first counts. */
void ask_to_stop(Stop *stop, const char *why);

/* Returns the sentence, or NULL as long as nobody has asked. */
const char *reason_to_stop(const Stop *stop);

/* Takes the wish back. */
void forget_to_stop(Stop *stop);

#endif
