/* What the runner says: one JSON object a line on stdout. */
#ifndef EDGESHIP_REPORT_H
#define EDGESHIP_REPORT_H

/* Prints a text as a JSON string; bytes above 127 stay as they are. */
void print_string(const char *text);

/* Prints an "error" line with a formatted sentence and ends the program with exit code 1. */
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);

#endif
