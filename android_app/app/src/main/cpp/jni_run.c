/* Native.run and Native.stop: the runner in the app's process. */
#include <jni.h>
#include <stdio.h>
#include <stdlib.h>

#include "app_litert.h"
#include "jni_text.h"
#include "report.h"
#include "runner.h"

/* What run returns, beside the runner's own 0 and 1, when there is no report. */
enum { NO_REPORT = 2 };

/* One run at a time: a second would be measured together with the first. */
static atomic_flag running = ATOMIC_FLAG_INIT;
static Stop stop;

static int refuse(FILE *out, const Failure *failure) {
  print_failure(out, failure);
  return EXIT_FAILURE;
}

static int run(JNIEnv *env, jobjectArray strings, FILE *out) {
  Failure failure;
  Words words = {0};
  int code;
  if (words_from_java(env, strings, &words, &failure) && find_litert(&failure)) {
    const Surroundings around = {.out = out, .stop = &stop, .process_ends = false};
    code = runner_run(words.count, words.words, &around);
  } else {
    code = refuse(out, &failure);
  }
  free_words(&words);
  return code;
}

static int run_alone(JNIEnv *env, jobjectArray strings, FILE *out) {
  if (atomic_flag_test_and_set(&running)) {
    Failure failure;
    fail(&failure, "Another run is going on in this process.");
    return refuse(out, &failure);
  }
  int code = run(env, strings, out);
  forget_to_stop(&stop);
  atomic_flag_clear(&running);
  return code;
}

JNIEXPORT jint JNICALL Java_dev_edgeship_bench_Native_run(JNIEnv *env, jclass type,
                                                          jobjectArray words, jstring report) {
  (void)type;
  Failure failure;
  char *path = text_from_java(env, report, &failure);
  FILE *out = path ? fopen(path, "ae") : NULL;
  free(path);
  if (!out) return NO_REPORT;
  int code = run_alone(env, words, out);
  return fclose(out) && !code ? EXIT_FAILURE : code;
}

JNIEXPORT void JNICALL Java_dev_edgeship_bench_Native_stop(JNIEnv *env, jclass type, jstring why) {
  (void)type;
  Failure failure;
  char *text = text_from_java(env, why, &failure);
  ask_to_stop(&stop, text ? text : "The run was stopped.");
  free(text);
}
