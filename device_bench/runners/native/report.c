#include "report.h"

void print_string(FILE *out, const char *text) {
  fputc('"', out);
  for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
    if (*c == '"' || *c == '\\')
      fprintf(out, "\\%c", *c);
    else if (*c < 0x20 || *c == 0x7f)
      fprintf(out, "\\u%04x", *c);
    else
      fputc(*c, out);
  }
  fputc('"', out);
}

void print_failure(FILE *out, const Failure *failure) {
  fprintf(out, "{\"event\":\"error\",\"what\":");
  print_string(out, failure->what);
  fprintf(out, "}\n");
}
