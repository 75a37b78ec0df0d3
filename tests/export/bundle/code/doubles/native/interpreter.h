/* LiteRT's library under the interface that Google's interpreters have in Java and Swift: tensors
 * by their places in the file, and not, as in LiteRT's own C API, in the signature. */
#ifndef INTERPRETER_DOUBLE_H
#define INTERPRETER_DOUBLE_H

#include <stdint.h>

/* Opens a file; NULL after writing what is wrong. */
void *interpreter_open(const char *path, int threads, char *why, int room);

/* How many inputs or outputs a file has, and the bytes of one; -1 if there is no such one. */
int interpreter_count(const void *open, int output);
int64_t interpreter_bytes(const void *open, int output, int index);

/* Sets an input, runs, and gets an output; 0 if it worked. */
int interpreter_set(const void *open, int index, const void *bytes);
int interpreter_run(const void *open);
int interpreter_get(const void *open, int index, void *bytes);

void interpreter_close(void *open);

#endif
