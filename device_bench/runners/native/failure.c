#include "failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Takes off what the end of the memory has left of a last character in UTF-8. */
static void drop_cut_character(char *text, size_t length) {
  size_t start = length;
  while (start > 0 && (text[start - 1] & 0xc0) == 0x80) start--;
  if (start > 0 && (text[start - 1] & 0xc0) == 0xc0) text[start - 1] = 0;
}

bool fail(Failure *failure, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(failure->what, sizeof failure->what, format, arguments);
  va_end(arguments);
  /* A last character that is whole goes too: what is cut is cut. */
  if (length >= (int)sizeof failure->what)
    drop_cut_character(failure->what, sizeof failure->what - 1);
  return false;
}

void *allocate(size_t count, size_t size, Failure *failure) {
  void *memory = calloc(count ? count : 1, size);
  if (!memory) fail(failure, "There is no memory left.");
  return memory;
}
