/* The runner as a program; runner.c says what it prints.
 *
 * Build it without CMake, for example for arm64:
 *   aarch64-linux-gnu-gcc -std=c11 -O2 -Wall -Wextra -Werror main.c runner.c failure.c litert.c \
 *       measure.c model.c options.c profile.c report.c stop.c system.c tensors.c -ldl -o runner
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <unistd.h>

#include "runner.h"

/* Returns what was standard output. What accelerators print there goes to standard error from now
 * on, as it would be in the middle of the lines. */
static FILE *take_stdout(void) {
  int lines = dup(STDOUT_FILENO);
  if (lines < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return NULL;
  return fdopen(lines, "w");
}

int main(int count, char **words) {
  const Surroundings around = {.out = take_stdout(), .stop = NULL, .process_ends = true};
  if (!around.out) _Exit(EXIT_FAILURE);
  int names = count > 0 ? 1 : 0;
  /* The system takes everything back; tearing down LiteRT's threads would only add ways to hang. */
  _Exit(runner_run(count - names, words + names, &around));
}
