/* What went wrong, as a sentence. Whatever can fail gets a Failure, and returns false after it has
 * written one; whoever calls it gives back what it holds, and returns false too. */
#ifndef EDGESHIP_FAILURE_H
#define EDGESHIP_FAILURE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
  char what[2048];
} Failure;

/* On functions whose answer nobody may overlook. */
#define MUST_USE __attribute__((warn_unused_result))

/* Writes a formatted sentence; always false. */
__attribute__((format(printf, 2, 3))) bool fail(Failure *failure, const char *format, ...);

/* Returns zeroed memory for count things of a size, one at least, or NULL after writing the
 * failure. */
MUST_USE void *allocate(size_t count, size_t size, Failure *failure);

#endif
