/* The clock, the cores and the memory of the system the runner is on. */
#ifndef EDGESHIP_SYSTEM_H
#define EDGESHIP_SYSTEM_H

#include <stdint.h>

#include "failure.h"

/* State of a core: what is not readable is -1. */
typedef struct {
  int mhz;    /* its frequency now */
  int capped; /* whether the system allows less than the core's highest frequency */
} CoreState;

/* Nanoseconds of the monotonic clock. */
int64_t now_ns(void);

/* The cores that a thread may use. */
typedef struct {
  bool known;
  unsigned char mask[128];
} Cores;

/* Pins the caller's thread, and the threads that it will make, to cores such as "0,4,5"; `before`
 * gets the cores that it had. */
MUST_USE bool pin(const char *cores, Cores *before, Failure *failure);

/* Lets the caller's thread use the cores that it had before, if it was pinned. */
void unpin(const Cores *before);

/* Reads the state of the core on which the caller runs. */
CoreState core_state(void);

/* Peak resident memory of this process in bytes, or -1 if the system does not say. */
int64_t peak_rss_bytes(void);

#endif
