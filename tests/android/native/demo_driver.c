/* Opens, runs and closes a model as the demo does, again and again, while one call of LiteRT after
 * the other fails (fake_litert.c), until none does: demo_driver MODEL. A line of JSON for each. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo.h"

static int fake(const char *name, int argument) {
  int (*function)(int);
  void *library = dlopen("libLiteRt.so", RTLD_NOW | RTLD_LOCAL);
  void *symbol = library ? dlsym(library, name) : NULL;
  if (!symbol) exit(3);
  memcpy(&function, &symbol, sizeof symbol);
  return function(argument);
}

static bool try_all(const char *path) {
  float in[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, out[10] = {0};
  Failure failure = {0};
  int64_t number = demo_open(path, 1, "cpu", &failure);
  LiteRtRankedTensorType type;
  bool known = demo_type(number, true, &type);
  int64_t ns = demo_infer(number, in, sizeof in, out, sizeof out);
  demo_close(number);
  demo_close(number);
  printf("{\"open\":%s,\"known\":%s,\"ns\":%lld,\"last\":%g,\"alive\":%d,\"why\":\"%s\"}\n",
         number ? "true" : "false", known ? "true" : "false", (long long)ns, out[9],
         fake("fake_alive", 0), failure.what);
  return number && ns >= 0;
}

int main(int count, char **words) {
  if (count != 2) return 2;
  int call = 1;
  for (fake("fake_fail_at", call); !try_all(words[1]); fake("fake_fail_at", ++call)) continue;
  return 0;
}
