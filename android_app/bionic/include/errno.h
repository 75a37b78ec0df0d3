/* The part of bionic's header that the app's C code uses. */
#pragma once
int *__errno(void);
#define errno (*__errno())
