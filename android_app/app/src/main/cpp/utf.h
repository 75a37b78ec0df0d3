/* Java's strings are UTF-16, and files and reports have UTF-8. JNI's own "modified UTF-8" is
 * neither: it writes an emoji as six bytes that no file system takes for one. */
#ifndef EDGEBENCH_UTF_H
#define EDGEBENCH_UTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes UTF-8 and a zero behind it; `to` has room for 3 * count + 1 bytes. Returns false where a
 * half of a pair stands alone, or a zero within: no text for C. */
bool utf8_from_utf16(const uint16_t *from, size_t count, char *to);

/* Writes UTF-16 and returns its length; `to` has room for as many units as `from` has bytes. What
 * is no UTF-8 becomes U+FFFD, byte by byte. */
size_t utf16_from_utf8(const char *from, uint16_t *to);

#endif
