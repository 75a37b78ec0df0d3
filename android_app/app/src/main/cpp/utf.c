#include "utf.h"

enum { REPLACEMENT = 0xfffd };

static bool is_high(uint32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
static bool is_low(uint32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

static char *put_utf8(char *to, uint32_t code) {
  if (code < 0x80) {
    *to++ = (char)code;
    return to;
  }
  int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};
  *to++ = (char)(first[more] | code >> 6 * more);
  while (more-- > 0) *to++ = (char)(0x80 | (code >> 6 * more & 0x3f));
  return to;
}

bool utf8_from_utf16(const uint16_t *from, size_t count, char *to) {
  for (size_t i = 0; i < count; i++) {
    uint32_t code = from[i];
    if (is_high(code) && i + 1 < count && is_low(from[i + 1]))
      code = 0x10000 + ((code - 0xd800) << 10) + (from[++i] - 0xdc00u);
    else if (!code || is_high(code) || is_low(code))
      return false;
    to = put_utf8(to, code);
  }
  *to = 0;
  return true;
}

/* Reads one character and returns its number of bytes; 0 where there is none. */
static int get_utf8(const unsigned char *from, uint32_t *code) {
  int more = *from < 0x80 ? 0 : *from < 0xc2 ? -1 : *from < 0xe0 ? 1 : *from < 0xf0 ? 2
                                                 : *from < 0xf5 ? 3
                                                                : -1;
  if (more < 0) return 0;
  const unsigned char mask[] = {0x7f, 0x1f, 0x0f, 0x07};
  *code = *from & mask[more];
  for (int i = 1; i <= more; i++) {
    if ((from[i] & 0xc0) != 0x80) return 0; /* the zero at the end, too */
    *code = *code << 6 | (from[i] & 0x3f);
  }
  const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  bool none = *code < least[more] || *code > 0x10ffff || is_high(*code) || is_low(*code);
  return none ? 0 : more + 1;
}

size_t utf16_from_utf8(const char *from, uint16_t *to) {
  size_t count = 0;
  for (const unsigned char *at = (const unsigned char *)from; *at;) {
    uint32_t code;
    int bytes = get_utf8(at, &code);
    if (!bytes) code = REPLACEMENT;
    at += bytes ? bytes : 1;
    if (code >= 0x10000) {
      to[count++] = (uint16_t)(0xd7c0 + (code >> 10));
      code = 0xdc00 | (code & 0x3ff);
    }
    to[count++] = (uint16_t)code;
  }
  return count;
}
