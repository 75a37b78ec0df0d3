#include "litert.h"

#include <dlfcn.h>
#include <string.h>

#include "report.h"

LiteRt litert_open(void) {
  void *library = dlopen("libLiteRt.so", RTLD_NOW | RTLD_LOCAL);
  if (!library) fail("The LiteRT library cannot be opened: %s.", dlerror());
  LiteRt api;
  /* ISO C has no cast from a data pointer to a function's; POSIX copies the bytes. */
#define LITERT_RESOLVE(name, parameters)                                      \
  {                                                                           \
    void *symbol = dlsym(library, "LiteRt" #name);                            \
    if (!symbol) fail("The LiteRT library has no function LiteRt%s.", #name); \
    memcpy(&api.name, &symbol, sizeof symbol);                                \
  }
  LITERT_FUNCTIONS(LITERT_RESOLVE)
#undef LITERT_RESOLVE
  return api;
}

void litert_check(int status, const char *what) {
  if (status != LITERT_OK) fail("%s failed: LiteRT answers %d.", what, status);
}
