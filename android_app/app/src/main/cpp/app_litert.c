#include "app_litert.h"

#include <dlfcn.h>

bool find_litert(Failure *failure) {
  void *library = dlopen("libLiteRt.so", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!library)
    return fail(failure,
                "This app has no LiteRT library: %s. Build it with one: python -m device_bench app "
                "build --litert FILE, where FILE is the AAR com.google.ai.edge.litert:litert from "
                "Google's Maven repository.",
                dlerror());
  dlclose(library);
  return true;
}
