/* The runner as a program; runner.c says what it prints.
 *
 * Build it without CMake, for example for arm64:
 *   aarch64-linux-gnu-gcc -std=c11 -O2 -Wall -Wextra -Werror main.c runner.c failure.c litert.c \
 *       measure.c model.c options.c profile.c report.c stop.c system.c tensors.c -ldl -o runner
 */
#include <stdlib.h>

#include "runner.h"

int main(int count, char **words) {
  const Surroundings around = {.out = stdout, .stop = NULL, .process_ends = true};
  int names = count > 0 ? 1 : 0;
  /* The system takes everything back; tearing down LiteRT's threads would only add ways to hang. */
  _Exit(runner_run(count - names, words + names, &around));
}
