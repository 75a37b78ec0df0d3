/* Native.open, infer and close, and what a model takes and gives. */
#include <jni.h>
#include <stdlib.h>

#include "demo.h"
#include "jni_text.h"

static jlong open_texts(const char *path, jint threads, const char *accelerator,
                        Failure *failure) {
  return path && accelerator ? demo_open(path, threads, accelerator, failure) : 0;
}

/* Writes the failure to the first place of an array of strings, if Java gave one. */
static void explain(JNIEnv *env, jobjectArray why, const Failure *failure) {
  if (!why || (*env)->GetArrayLength(env, why) < 1) return;
  jstring text = text_to_java(env, failure->what);
  if (text) (*env)->SetObjectArrayElement(env, why, 0, text);
}

JNIEXPORT jlong JNICALL Java_dev_edgeship_bench_Native_open(JNIEnv *env, jclass type, jstring model,
                                                            jint threads, jstring accelerator,
                                                            jobjectArray why) {
  (void)type;
  Failure failure;
  char *path = text_from_java(env, model, &failure);
  char *name = path ? text_from_java(env, accelerator, &failure) : NULL;
  jlong number = open_texts(path, threads, name, &failure);
  free(path);
  free(name);
  if (!number) explain(env, why, &failure);
  return number;
}

static jint element_type(jlong number, bool output) {
  LiteRtRankedTensorType type;
  return demo_type(number, output, &type) ? type.element_type : -1;
}

/* Dimensions that the file leaves open are 1: so LiteRT sizes the buffers. */
static jintArray shape(JNIEnv *env, jlong number, bool output) {
  LiteRtRankedTensorType type;
  if (!demo_type(number, output, &type)) return NULL;
  enum { MAX_RANK = sizeof type.layout.dimensions / sizeof type.layout.dimensions[0] };
  jsize rank = type.layout.rank < MAX_RANK ? (jsize)type.layout.rank : MAX_RANK;
  jint dimensions[MAX_RANK];
  for (jsize i = 0; i < rank; i++)
    dimensions[i] = type.layout.dimensions[i] < 0 ? 1 : type.layout.dimensions[i];
  jintArray array = (*env)->NewIntArray(env, rank);
  if (array) (*env)->SetIntArrayRegion(env, array, 0, rank, dimensions);
  return array;
}

JNIEXPORT jintArray JNICALL Java_dev_edgeship_bench_Native_inputShape(JNIEnv *env, jclass type,
                                                                      jlong number) {
  (void)type;
  return shape(env, number, false);
}

JNIEXPORT jintArray JNICALL Java_dev_edgeship_bench_Native_outputShape(JNIEnv *env, jclass type,
                                                                       jlong number) {
  (void)type;
  return shape(env, number, true);
}

JNIEXPORT jint JNICALL Java_dev_edgeship_bench_Native_inputType(JNIEnv *env, jclass type,
                                                                jlong number) {
  (void)env, (void)type;
  return element_type(number, false);
}

JNIEXPORT jint JNICALL Java_dev_edgeship_bench_Native_outputType(JNIEnv *env, jclass type,
                                                                 jlong number) {
  (void)env, (void)type;
  return element_type(number, true);
}

JNIEXPORT jlong JNICALL Java_dev_edgeship_bench_Native_infer(JNIEnv *env, jclass type, jlong number,
                                                             jobject in, jobject out) {
  (void)type;
  if (!in || !out) return DEMO_WRONG_SIZE;
  /* Of a buffer that is not direct they are NULL and -1. */
  return demo_infer(number, (*env)->GetDirectBufferAddress(env, in),
                    (*env)->GetDirectBufferCapacity(env, in),
                    (*env)->GetDirectBufferAddress(env, out),
                    (*env)->GetDirectBufferCapacity(env, out));
}

JNIEXPORT void JNICALL Java_dev_edgeship_bench_Native_close(JNIEnv *env, jclass type,
                                                            jlong number) {
  (void)env, (void)type;
  demo_close(number);
}
