/* Whether the app has a LiteRT at all. */
#ifndef EDGEBENCH_APP_LITERT_H
#define EDGEBENCH_APP_LITERT_H

#include "failure.h"

/* Loads libLiteRt.so; where the app has none, the failure says how to add it. */
MUST_USE bool find_litert(Failure *failure);

#endif
