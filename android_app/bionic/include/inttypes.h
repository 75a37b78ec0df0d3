/* The part of bionic's header that the app's C code uses. */
#pragma once
#include <stdint.h>
_Static_assert(sizeof(long) == 8, "64-bit ABIs only");
#define PRId64 "ld"
#define PRIu64 "lu"
