/* The part of bionic's header that the app's C code uses. */
#pragma once
typedef long time_t;
struct timespec {
  time_t tv_sec;
  long tv_nsec;
};
#define CLOCK_MONOTONIC 1
int clock_gettime(int, struct timespec *);
