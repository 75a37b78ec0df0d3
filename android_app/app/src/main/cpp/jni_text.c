#include "jni_text.h"

#include <stdlib.h>
#include <string.h>

#include "utf.h"

/* More than any command line that makes sense. */
enum { MAX_WORDS = 1024 };

_Static_assert(sizeof(jchar) == sizeof(uint16_t), "Java's strings are UTF-16");

char *text_from_java(JNIEnv *env, jstring string, Failure *failure) {
  if (!string) {
    fail(failure, "A text is null.");
    return NULL;
  }
  size_t count = (size_t)(*env)->GetStringLength(env, string);
  jchar *units = allocate(count, sizeof *units, failure);
  char *text = allocate(3 * count + 1, 1, failure);
  bool taken = units && text;
  if (taken) {
    (*env)->GetStringRegion(env, string, 0, (jsize)count, units);
    taken = utf8_from_utf16(units, count, text);
    if (!taken) fail(failure, "A text holds a zero or half a character.");
  }
  free(units);
  if (taken) return text;
  free(text);
  return NULL;
}

static bool word_from_java(JNIEnv *env, jobjectArray strings, int index, Words *words,
                           Failure *failure) {
  jstring string = (*env)->GetObjectArrayElement(env, strings, index);
  words->words[index] = text_from_java(env, string, failure);
  (*env)->DeleteLocalRef(env, string);
  return words->words[index];
}

bool words_from_java(JNIEnv *env, jobjectArray strings, Words *words, Failure *failure) {
  if (!strings) return fail(failure, "There are no words.");
  int count = (*env)->GetArrayLength(env, strings);
  if (count > MAX_WORDS) return fail(failure, "There are more than %d words.", MAX_WORDS);
  words->words = allocate((size_t)count, sizeof *words->words, failure);
  if (!words->words) return false;
  words->count = count;
  for (int i = 0; i < count; i++)
    if (!word_from_java(env, strings, i, words, failure)) return false;
  return true;
}

void free_words(Words *words) {
  for (int i = 0; i < words->count; i++) free(words->words[i]);
  free(words->words);
}

jstring text_to_java(JNIEnv *env, const char *text) {
  Failure failure;
  jchar *units = allocate(strlen(text), sizeof *units, &failure);
  if (!units) return NULL;
  jstring string = (*env)->NewString(env, units, (jsize)utf16_from_utf8(text, units));
  free(units);
  return string;
}
