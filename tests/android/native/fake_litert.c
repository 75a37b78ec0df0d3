/* A LiteRT that computes next to nothing, for tests of those who call it. It keeps account of what
 * it hands out, fails at a call of one's choice, and crashes on what LiteRT must not be asked.
 *
 * Any file is a model with one input and one output of ten floats; the output is the input plus
 * one. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "litert.h"

#define API __attribute__((visibility("default")))
#define EXPECT(what) \
  if (!(what)) __builtin_trap()

enum { COUNT = 10, FAKE_ERROR = 77, EVENTS = 3 };

/* Every thing that is handed out is one of these. */
typedef struct Thing {
  int kind;
  bool locked;           /* a buffer */
  float values[COUNT];   /* of a buffer */
  void *text;            /* of opaque options */
  void (*drop)(void *);  /* frees it */
  struct Thing *further; /* opaque options that belong to this one */
} Thing;

enum { ENVIRONMENT = 1, MODEL, OPTIONS, OPAQUE, COMPILED, BUFFER };

static int alive, calls, fails_at;
static char shared; /* what signatures, tensors and the like point to: nobody destroys them */

/* For the test: the call, counted from 1, that fails; 0: none. Starts counting anew. */
API void fake_fail_at(int call) { fails_at = call, calls = 0; }
API int fake_calls(void) { return calls; }
API int fake_alive(void) { return alive; }

static bool fails(void) { return ++calls == fails_at; }

static int make(int kind, void **out) {
  if (fails()) return FAKE_ERROR;
  Thing *thing = calloc(1, sizeof *thing);
  EXPECT(thing);
  thing->kind = kind;
  alive++;
  *out = thing;
  return LITERT_OK;
}

static Thing *check(void *what, int kind) {
  Thing *thing = what;
  EXPECT(thing && thing->kind == kind);
  return thing;
}

static void destroy(void *what, int kind) {
  Thing *thing = check(what, kind);
  EXPECT(!thing->locked);
  if (thing->further) destroy(thing->further, OPAQUE);
  if (thing->drop) thing->drop(thing->text);
  thing->kind = 0;
  alive--;
  free(thing);
}

/* Answers with something that is not destroyed. */
static int point(void **out) {
  if (fails()) return FAKE_ERROR;
  *out = &shared;
  return LITERT_OK;
}

static int succeed(void) { return fails() ? FAKE_ERROR : LITERT_OK; }

API int LiteRtCreateEnvironment(int count, const LiteRtEnvironmentOption *options,
                                LiteRtEnvironment *environment) {
  EXPECT(count == 1 && options->tag == LITERT_OPTION_MIN_LOG_SEVERITY);
  return make(ENVIRONMENT, (void **)environment);
}

API int LiteRtCreateModelFromFile(LiteRtEnvironment environment, const char *path,
                                  LiteRtModel *model) {
  check(environment, ENVIRONMENT);
  FILE *file = fopen(path, "rb");
  if (!file) return FAKE_ERROR;
  fclose(file);
  return make(MODEL, (void **)model);
}

API int LiteRtCreateOptions(LiteRtOptions *options) { return make(OPTIONS, (void **)options); }

API int LiteRtSetOptionsHardwareAccelerators(LiteRtOptions options, int accelerators) {
  check(options, OPTIONS);
  EXPECT(accelerators == LITERT_CPU || accelerators == LITERT_GPU || accelerators == LITERT_NPU);
  return succeed();
}

API int LiteRtCreateOpaqueOptions(const char *id, void *text, void (*drop)(void *),
                                  LiteRtOpaqueOptions *opaque) {
  EXPECT(id && text && drop);
  void *made;
  int status = make(OPAQUE, &made);
  if (status != LITERT_OK) return status;
  ((Thing *)made)->text = text;
  ((Thing *)made)->drop = drop;
  *opaque = made;
  return LITERT_OK;
}

/* Takes them over, as LiteRT does. */
API int LiteRtAddOpaqueOptions(LiteRtOptions options, LiteRtOpaqueOptions opaque) {
  Thing *owner = check(options, OPTIONS), *added = check(opaque, OPAQUE);
  if (fails()) return FAKE_ERROR;
  added->further = owner->further;
  owner->further = added;
  return LITERT_OK;
}

API int LiteRtCreateCompiledModel(LiteRtEnvironment environment, LiteRtModel model,
                                  LiteRtOptions options, LiteRtCompiledModel *compiled) {
  check(environment, ENVIRONMENT), check(model, MODEL), check(options, OPTIONS);
  return make(COMPILED, (void **)compiled);
}

API int LiteRtCompiledModelIsFullyAccelerated(LiteRtCompiledModel compiled, bool *accelerated) {
  check(compiled, COMPILED);
  *accelerated = true;
  return succeed();
}

API int LiteRtRunCompiledModel(LiteRtCompiledModel compiled, size_t signature, size_t inputs,
                               LiteRtTensorBuffer *in, size_t outputs, LiteRtTensorBuffer *out) {
  check(compiled, COMPILED);
  EXPECT(signature == 0 && inputs == 1 && outputs == 1);
  Thing *from = check(in[0], BUFFER), *to = check(out[0], BUFFER);
  EXPECT(!from->locked && !to->locked);
  if (fails()) return FAKE_ERROR;
  for (int i = 0; i < COUNT; i++) to->values[i] = from->values[i] + 1;
  return LITERT_OK;
}

API int LiteRtGetModelSignature(LiteRtModel model, size_t index, LiteRtSignature *signature) {
  check(model, MODEL);
  EXPECT(index == 0);
  return point((void **)signature);
}

API int LiteRtGetNumSignatureInputs(LiteRtSignature signature, size_t *count) {
  (void)signature;
  *count = 1;
  return succeed();
}

API int LiteRtGetNumSignatureOutputs(LiteRtSignature signature, size_t *count) {
  return LiteRtGetNumSignatureInputs(signature, count);
}

API int LiteRtGetSignatureInputTensorByIndex(LiteRtSignature signature, size_t index,
                                             LiteRtTensor *tensor) {
  (void)signature;
  EXPECT(index == 0);
  return point((void **)tensor);
}

API int LiteRtGetSignatureOutputTensorByIndex(LiteRtSignature signature, size_t index,
                                              LiteRtTensor *tensor) {
  return LiteRtGetSignatureInputTensorByIndex(signature, index, tensor);
}

API int LiteRtGetRankedTensorType(LiteRtTensor tensor, LiteRtRankedTensorType *type) {
  (void)tensor;
  *type = (LiteRtRankedTensorType){.element_type = 1};
  type->layout.rank = 2;
  type->layout.dimensions[0] = -1;
  type->layout.dimensions[1] = COUNT;
  return succeed();
}

API int LiteRtGetCompiledModelInputBufferRequirements(LiteRtCompiledModel compiled,
                                                      size_t signature, size_t index,
                                                      LiteRtRequirements *requirements) {
  check(compiled, COMPILED);
  EXPECT(signature == 0 && index == 0);
  return point((void **)requirements);
}

API int LiteRtGetCompiledModelOutputBufferRequirements(LiteRtCompiledModel compiled,
                                                       size_t signature, size_t index,
                                                       LiteRtRequirements *requirements) {
  return LiteRtGetCompiledModelInputBufferRequirements(compiled, signature, index, requirements);
}

API int LiteRtCreateManagedTensorBufferFromRequirements(LiteRtEnvironment environment,
                                                        const LiteRtRankedTensorType *type,
                                                        LiteRtRequirements requirements,
                                                        LiteRtTensorBuffer *buffer) {
  check(environment, ENVIRONMENT);
  EXPECT(type->element_type == 1 && requirements);
  return make(BUFFER, (void **)buffer);
}

API int LiteRtGetTensorBufferPackedSize(LiteRtTensorBuffer buffer, size_t *bytes) {
  *bytes = sizeof check(buffer, BUFFER)->values;
  return succeed();
}

API int LiteRtLockTensorBuffer(LiteRtTensorBuffer buffer, void **bytes, int how) {
  Thing *thing = check(buffer, BUFFER);
  EXPECT(!thing->locked && (how == LITERT_LOCK_READ || how == LITERT_LOCK_WRITE));
  if (fails()) return FAKE_ERROR;
  thing->locked = true;
  *bytes = thing->values;
  return LITERT_OK;
}

API int LiteRtUnlockTensorBuffer(LiteRtTensorBuffer buffer) {
  Thing *thing = check(buffer, BUFFER);
  EXPECT(thing->locked);
  thing->locked = false;
  return succeed();
}

API int LiteRtCompiledModelGetProfiler(LiteRtCompiledModel compiled, LiteRtProfiler *profiler) {
  check(compiled, COMPILED);
  return point((void **)profiler);
}

API int LiteRtResetProfiler(LiteRtProfiler profiler) {
  EXPECT(profiler);
  return succeed();
}

API int LiteRtStartProfiler(LiteRtProfiler profiler) { return LiteRtResetProfiler(profiler); }
API int LiteRtStopProfiler(LiteRtProfiler profiler) { return LiteRtResetProfiler(profiler); }

API int LiteRtGetNumProfilerEvents(LiteRtProfiler profiler, int *count) {
  *count = EVENTS;
  return LiteRtResetProfiler(profiler);
}

API int LiteRtGetProfilerEvents(LiteRtProfiler profiler, int count, LiteRtProfiledEvent *events) {
  EXPECT(profiler && count == EVENTS);
  memset(events, 0, EVENTS * sizeof *events);
  for (int i = 0; i < EVENTS; i++) {
    events[i].tag = i ? "FAKE \"OP\"" : NULL;
    events[i].type = i ? LITERT_EVENT_IN_DELEGATE : LITERT_EVENT_OPERATOR;
    events[i].elapsed_us = 5;
    events[i].metadata[0] = (uint64_t)i;
  }
  return succeed();
}

API void LiteRtDestroyEnvironment(LiteRtEnvironment what) { destroy(what, ENVIRONMENT); }
API void LiteRtDestroyModel(LiteRtModel what) { destroy(what, MODEL); }
API void LiteRtDestroyOptions(LiteRtOptions what) { destroy(what, OPTIONS); }
API void LiteRtDestroyOpaqueOptions(LiteRtOpaqueOptions what) { destroy(what, OPAQUE); }
API void LiteRtDestroyCompiledModel(LiteRtCompiledModel what) { destroy(what, COMPILED); }
API void LiteRtDestroyTensorBuffer(LiteRtTensorBuffer what) { destroy(what, BUFFER); }
