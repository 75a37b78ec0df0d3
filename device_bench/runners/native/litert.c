#include "litert.h"

#include <dlfcn.h>
#include <string.h>

bool litert_open(LiteRt *api, Failure *failure) {
  api->library = dlopen("libLiteRt.so", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!api->library) return fail(failure, "The LiteRT library cannot be opened: %s.", dlerror());
  /* ISO C has no cast from a data pointer to a function's; POSIX copies the bytes. */
#define LITERT_RESOLVE(name, type)                                                              \
  {                                                                                             \
    void *symbol = dlsym(api->library, "LiteRt" #name);                                         \
    if (!symbol) return fail(failure, "The LiteRT library has no function LiteRt%s.", #name);   \
    memcpy(&api->name, &symbol, sizeof symbol);                                                 \
  }
  LITERT_FUNCTIONS(LITERT_RESOLVE)
  LITERT_DESTROYERS(LITERT_RESOLVE)
#undef LITERT_RESOLVE
  return true;
}

void litert_close(LiteRt *api) {
  if (api->library) dlclose(api->library);
  api->library = NULL;
}

bool litert_check(int status, const char *what, Failure *failure) {
  return status == LITERT_OK || fail(failure, "%s failed: LiteRT answers %d.", what, status);
}
