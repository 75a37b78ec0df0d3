/* Runs the runner's function several times in one process and prints, after each, what is left.
 *
 *   driver REPORT [@stop | @later | @fail-each] WORDS... [-- ...]
 *
 * The lines of run N go to REPORT.N. @stop asks for the end before the run begins, @later 0.2 s
 * after; @fail-each repeats the run, in which one call after the other fails (fake_litert.c), until
 * none does. Printed is one JSON object for each run. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runner.h"

static Stop stop;
static int number;

static int entries(const char *folder) {
  int count = 0;
  DIR *open = opendir(folder);
  if (!open) exit(3);
  while (readdir(open)) count++;
  closedir(open);
  return count - 2; /* . and .. */
}

static long resident_kib(void) {
  char line[256];
  long kib = -1;
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file)) sscanf(line, "VmRSS: %ld kB", &kib);
  if (file) fclose(file);
  return kib;
}

static int cores(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) ? -1 : CPU_COUNT(&set);
}

/* Asks the LiteRT in use; the real one knows nothing of it. */
static int fake(const char *name, int argument) {
  int (*function)(int);
  void *library = dlopen("libLiteRt.so", RTLD_NOW | RTLD_LOCAL);
  void *symbol = library ? dlsym(library, name) : NULL;
  if (symbol) memcpy(&function, &symbol, sizeof symbol);
  return symbol ? function(argument) : 0;
}

static int run(const char *report, int count, char **words) {
  char path[4096];
  snprintf(path, sizeof path, "%s.%d", report, number++);
  FILE *out = fopen(path, "w");
  if (!out) exit(4);
  const Surroundings around = {.out = out, .stop = &stop, .process_ends = false};
  int code = runner_run(count, words, &around);
  fclose(out);
  forget_to_stop(&stop);
  printf("{\"code\":%d,\"files\":%d,\"threads\":%d,\"kib\":%ld,\"cores\":%d,\"alive\":%d}\n", code,
         entries("/proc/self/fd"), entries("/proc/self/task"), resident_kib(), cores(),
         fake("fake_alive", 0));
  return code;
}

static void *ask_later(void *nothing) {
  const struct timespec wait = {.tv_nsec = 200000000};
  nanosleep(&wait, NULL);
  ask_to_stop(&stop, "The test asks.");
  return nothing;
}

static void run_section(const char *report, int count, char **words) {
  const char *how = words[0];
  if (how[0] == '@') count--, words++;
  pthread_t later;
  if (!strcmp(how, "@stop")) ask_to_stop(&stop, "The test asks.");
  if (!strcmp(how, "@later") && pthread_create(&later, NULL, ask_later, NULL)) exit(5);
  if (!strcmp(how, "@fail-each")) {
    for (int call = 1; fake("fake_fail_at", call), run(report, count, words); call++) continue;
    fake("fake_fail_at", 0);
  } else {
    run(report, count, words);
  }
  if (!strcmp(how, "@later")) pthread_join(later, NULL);
}

int main(int count, char **words) {
  if (count < 3) return 2;
  for (int start = 2, at = 2; at <= count; at++) {
    if (at < count && strcmp(words[at], "--")) continue;
    if (at > start) run_section(words[1], at - start, words + start);
    start = at + 1;
  }
  return 0;
}
