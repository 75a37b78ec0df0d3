/* What org.tensorflow.lite.Interpreter, the double, calls. */
#include <jni.h>
#include <stdio.h>

#include "interpreter.h"

#define NATIVE(type, name) JNIEXPORT type JNICALL Java_org_tensorflow_lite_Interpreter_##name

NATIVE(jlong, open)(JNIEnv *env, jclass type, jstring path, jint threads) {
  (void)type;
  char why[300] = "";
  const char *text = (*env)->GetStringUTFChars(env, path, NULL);
  void *open = text ? interpreter_open(text, threads, why, sizeof why) : NULL;
  if (text) (*env)->ReleaseStringUTFChars(env, path, text);
  if (!open) {
    jclass wrong = (*env)->FindClass(env, "java/lang/IllegalArgumentException");
    if (wrong) (*env)->ThrowNew(env, wrong, why);
  }
  return (jlong)(intptr_t)open;
}

NATIVE(jint, count)(JNIEnv *env, jclass type, jlong open, jboolean output) {
  (void)env, (void)type;
  return interpreter_count((void *)(intptr_t)open, output);
}

NATIVE(jlong, bytes)(JNIEnv *env, jclass type, jlong open, jboolean output, jint index) {
  (void)env, (void)type;
  return interpreter_bytes((void *)(intptr_t)open, output, index);
}

NATIVE(jint, set)(JNIEnv *env, jclass type, jlong open, jint index, jobject buffer) {
  (void)type;
  const void *bytes = (*env)->GetDirectBufferAddress(env, buffer);
  return bytes ? interpreter_set((void *)(intptr_t)open, index, bytes) : 1;
}

NATIVE(jint, run)(JNIEnv *env, jclass type, jlong open) {
  (void)env, (void)type;
  return interpreter_run((void *)(intptr_t)open);
}

NATIVE(jint, get)(JNIEnv *env, jclass type, jlong open, jint index, jobject buffer) {
  (void)type;
  void *bytes = (*env)->GetDirectBufferAddress(env, buffer);
  return bytes ? interpreter_get((void *)(intptr_t)open, index, bytes) : 1;
}

NATIVE(void, close)(JNIEnv *env, jclass type, jlong open) {
  (void)env, (void)type;
  interpreter_close((void *)(intptr_t)open);
}
