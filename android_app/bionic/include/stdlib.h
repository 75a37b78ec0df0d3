/* The part of bionic's header that the app's C code uses. */
#pragma once
#include <stddef.h>
#define EXIT_FAILURE 1
#define EXIT_SUCCESS 0
void *malloc(size_t);
void *calloc(size_t, size_t);
void *realloc(void *, size_t);
void free(void *);
void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
long strtol(const char *, char **, int);
long long strtoll(const char *, char **, int);
