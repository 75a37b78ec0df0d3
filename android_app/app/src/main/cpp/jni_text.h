/* Texts from Java and to Java. */
#ifndef EDGEBENCH_JNI_TEXT_H
#define EDGEBENCH_JNI_TEXT_H

#include <jni.h>

#include "failure.h"

/* Returns a string as UTF-8, to be freed, or NULL after writing the failure. */
MUST_USE char *text_from_java(JNIEnv *env, jstring string, Failure *failure);

/* The words of a command line. */
typedef struct {
  int count;
  char **words;
} Words;

/* Takes an array of strings; the words are to be freed by free_words, also after a failure. */
MUST_USE bool words_from_java(JNIEnv *env, jobjectArray strings, Words *words, Failure *failure);
void free_words(Words *words);

/* Returns a string, or NULL where Java has no memory left: then an exception is pending. */
jstring text_to_java(JNIEnv *env, const char *text);

#endif
