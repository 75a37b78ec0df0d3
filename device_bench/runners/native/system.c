#define _GNU_SOURCE
#include "system.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static bool parse_cores(cpu_set_t *set, const char *cores, Failure *failure) {
  CPU_ZERO(set);
  for (const char *text = cores;;) {
    char *end;
    long core = strtol(text, &end, 10);
    if (end == text || core < 0 || core >= CPU_SETSIZE || (*end && *end != ','))
      return fail(failure, "--cores takes numbers with commas, not '%s'.", cores);
    CPU_SET(core, set);
    if (!*end) return true;
    text = end + 1;
  }
}

_Static_assert(sizeof(cpu_set_t) == sizeof((Cores){0}.mask), "CPU_SETSIZE is 1024");

bool pin(const char *cores, Cores *before, Failure *failure) {
  cpu_set_t set;
  if (!parse_cores(&set, cores, failure)) return false;
  cpu_set_t had;
  before->known = !sched_getaffinity(0, sizeof had, &had);
  memcpy(before->mask, &had, sizeof had);
  if (sched_setaffinity(0, sizeof set, &set))
    return fail(failure, "The process cannot be pinned to cores %s: %s.", cores, strerror(errno));
  /* The system quietly leaves out cores that are offline or not allowed: that is another
   * measurement than the one asked for. */
  cpu_set_t granted;
  if (sched_getaffinity(0, sizeof granted, &granted) || !CPU_EQUAL(&set, &granted))
    return fail(failure, "Not all of the cores %s may be used: some are offline or not allowed.",
                cores);
  return true;
}

void unpin(const Cores *before) {
  cpu_set_t had;
  memcpy(&had, before->mask, sizeof had);
  if (before->known) sched_setaffinity(0, sizeof had, &had);
}

/* Reads a number from a cpufreq file of a core, or -1. */
static long read_khz(int core, const char *name) {
  char path[96];
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cpufreq/%s", core, name);
  FILE *file = fopen(path, "r");
  if (!file) return -1;
  long khz;
  if (fscanf(file, "%ld", &khz) != 1 || khz <= 0) khz = -1;
  fclose(file);
  return khz;
}

CoreState core_state(void) {
  CoreState state = {-1, -1};
  int core = sched_getcpu();
  if (core < 0) return state;
  long now = read_khz(core, "scaling_cur_freq");
  long allowed = read_khz(core, "scaling_max_freq");
  long highest = read_khz(core, "cpuinfo_max_freq");
  if (now > 0) state.mhz = (int)(now / 1000);
  if (allowed > 0 && highest > 0) state.capped = allowed < highest;
  return state;
}

int64_t peak_rss_bytes(void) {
  FILE *file = fopen("/proc/self/status", "r");
  if (!file) return -1;
  long long kib = 0;
  int64_t bytes = -1;
  char line[256];
  while (bytes < 0 && fgets(line, sizeof line, file))
    if (sscanf(line, "VmHWM: %lld kB", &kib) == 1) bytes = kib * 1024;
  fclose(file);
  return bytes;
}
