/* The part of bionic's header that the app's C code uses. */
#pragma once
#include <stddef.h>
#include <string.h>
#define CPU_SETSIZE 1024
typedef struct {
  unsigned long bits[CPU_SETSIZE / 64];
} cpu_set_t;
#define CPU_ZERO(set) memset(set, 0, sizeof(cpu_set_t))
#define CPU_SET(cpu, set) ((set)->bits[(cpu) / 64] |= 1UL << (cpu) % 64)
#define CPU_EQUAL(a, b) (!memcmp(a, b, sizeof(cpu_set_t)))
int sched_getcpu(void);
int sched_setaffinity(int, size_t, const cpu_set_t *);
int sched_getaffinity(int, size_t, cpu_set_t *);
