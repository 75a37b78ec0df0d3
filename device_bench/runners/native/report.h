/* What the runner says: one JSON object a line. */
#ifndef EDGESHIP_REPORT_H
#define EDGESHIP_REPORT_H

#include <stdio.h>

#include "failure.h"

/* Prints a text as a JSON string; bytes above 127 stay as they are. */
void print_string(FILE *out, const char *text);

/* Prints an "error" line. */
void print_failure(FILE *out, const Failure *failure);

#endif
