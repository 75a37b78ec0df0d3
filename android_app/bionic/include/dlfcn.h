/* The part of bionic's header that the app's C code uses. */
#pragma once
#define RTLD_LOCAL 0
#define RTLD_NOW 2
#define RTLD_NODELETE 0x1000
void *dlopen(const char *, int);
int dlclose(void *);
void *dlsym(void *, const char *);
char *dlerror(void);
