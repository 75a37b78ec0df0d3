#include "failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool fail(Failure *failure, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(failure->what, sizeof failure->what, format, arguments);
  va_end(arguments);
  return false;
}

void *allocate(size_t count, size_t size, Failure *failure) {
  void *memory = calloc(count ? count : 1, size);
  if (!memory) fail(failure, "There is no memory left.");
  return memory;
}
