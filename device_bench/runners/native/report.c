#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void print_string(const char *text) {
  putchar('"');
  for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
    if (*c == '"' || *c == '\\')
      printf("\\%c", *c);
    else if (*c < 0x20 || *c == 0x7f)
      printf("\\u%04x", *c);
    else
      putchar(*c);
  }
  putchar('"');
}

void fail(const char *format, ...) {
  char what[2048];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  printf("{\"event\":\"error\",\"what\":");
  print_string(what);
  printf("}\n");
  fflush(stdout);
  _Exit(EXIT_FAILURE);
}
