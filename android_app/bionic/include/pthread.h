/* The part of bionic's header that the app's C code uses. */
#pragma once
#include <stdint.h>
typedef struct {
  int32_t inside[10];
} pthread_mutex_t;
_Static_assert(sizeof(pthread_mutex_t) == 40, "64-bit ABIs only");
#define PTHREAD_MUTEX_INITIALIZER {{0}}
int pthread_mutex_lock(pthread_mutex_t *);
int pthread_mutex_trylock(pthread_mutex_t *);
int pthread_mutex_unlock(pthread_mutex_t *);
