/* The part of the LiteRT C API that the runner uses, declared by hand: the Python wheel that brings
 * libLiteRt.so has no headers. Layouts and numbers are those of LiteRT 2.3; the library is opened
 * at run time, so the runner is built without it. */
#ifndef EDGESHIP_LITERT_H
#define EDGESHIP_LITERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"

typedef struct LiteRtEnvironmentT *LiteRtEnvironment;
typedef struct LiteRtModelT *LiteRtModel;
typedef struct LiteRtOptionsT *LiteRtOptions;
typedef struct LiteRtOpaqueOptionsT *LiteRtOpaqueOptions;
typedef struct LiteRtCompiledModelT *LiteRtCompiledModel;
typedef struct LiteRtSignatureT *LiteRtSignature;
typedef struct LiteRtTensorT *LiteRtTensor;
typedef struct LiteRtTensorBufferRequirementsT *LiteRtRequirements;
typedef struct LiteRtTensorBufferT *LiteRtTensorBuffer;
typedef struct LiteRtProfilerT *LiteRtProfiler;

enum { LITERT_OK = 0 };
enum { LITERT_CPU = 1, LITERT_GPU = 2, LITERT_NPU = 4 };
enum { LITERT_LOCK_READ = 0, LITERT_LOCK_WRITE = 1 };
enum {
  LITERT_OPTION_COMPILER_FOLDER = 0,
  LITERT_OPTION_DISPATCH_FOLDER = 1,
  LITERT_OPTION_MIN_LOG_SEVERITY = 25
};
enum { LITERT_ANY_INT = 2, LITERT_ANY_STRING = 8 };
enum { LITERT_LOG_ERROR = 3 };

/* Kinds of profiler events, beside those of whole runs and telemetry: an operator that the
 * interpreter ran itself, and an operator inside a delegate. */
enum { LITERT_EVENT_OPERATOR = 2, LITERT_EVENT_IN_DELEGATE = 8 };

typedef struct {
  int32_t tag;
  struct {
    int32_t type;
    union {
      int64_t integer;
      const char *text;
    };
  } value;
} LiteRtEnvironmentOption;
_Static_assert(sizeof(LiteRtEnvironmentOption) == 24, "layout of LiteRT 2.3");

typedef struct {
  unsigned rank : 7;
  unsigned has_strides : 1;
  int32_t dimensions[8];
  uint32_t strides[8];
} LiteRtLayout;

typedef struct {
  int32_t element_type;
  LiteRtLayout layout;
} LiteRtRankedTensorType;
_Static_assert(sizeof(LiteRtRankedTensorType) == 72, "layout of LiteRT 2.3");

typedef struct {
  const char *tag;
  int32_t type;
  uint64_t start_us;
  uint64_t elapsed_us;
  size_t begin_memory[3];
  size_t end_memory[3];
  uint64_t metadata[2];
  int32_t source;
} LiteRtProfiledEvent;
_Static_assert(sizeof(LiteRtProfiledEvent) == 104, "layout of LiteRT 2.3");

/* Every function returns LITERT_OK or an error; its name in the library begins with LiteRt. */
#define LITERT_FUNCTIONS(F)                                                                        \
  F(CreateEnvironment, (int, const LiteRtEnvironmentOption *, LiteRtEnvironment *))                \
  F(CreateModelFromFile, (LiteRtEnvironment, const char *, LiteRtModel *))                         \
  F(CreateOptions, (LiteRtOptions *))                                                              \
  F(SetOptionsHardwareAccelerators, (LiteRtOptions, int))                                          \
  F(CreateOpaqueOptions, (const char *, void *, void (*)(void *), LiteRtOpaqueOptions *))          \
  F(AddOpaqueOptions, (LiteRtOptions, LiteRtOpaqueOptions))                                        \
  F(CreateCompiledModel, (LiteRtEnvironment, LiteRtModel, LiteRtOptions, LiteRtCompiledModel *))   \
  F(CompiledModelIsFullyAccelerated, (LiteRtCompiledModel, bool *))                                \
  F(RunCompiledModel,                                                                              \
    (LiteRtCompiledModel, size_t, size_t, LiteRtTensorBuffer *, size_t, LiteRtTensorBuffer *))     \
  F(GetModelSignature, (LiteRtModel, size_t, LiteRtSignature *))                                   \
  F(GetNumSignatureInputs, (LiteRtSignature, size_t *))                                            \
  F(GetNumSignatureOutputs, (LiteRtSignature, size_t *))                                           \
  F(GetSignatureInputTensorByIndex, (LiteRtSignature, size_t, LiteRtTensor *))                     \
  F(GetSignatureOutputTensorByIndex, (LiteRtSignature, size_t, LiteRtTensor *))                    \
  F(GetRankedTensorType, (LiteRtTensor, LiteRtRankedTensorType *))                                 \
  F(GetCompiledModelInputBufferRequirements,                                                       \
    (LiteRtCompiledModel, size_t, size_t, LiteRtRequirements *))                                   \
  F(GetCompiledModelOutputBufferRequirements,                                                      \
    (LiteRtCompiledModel, size_t, size_t, LiteRtRequirements *))                                   \
  F(CreateManagedTensorBufferFromRequirements,                                                     \
    (LiteRtEnvironment, const LiteRtRankedTensorType *, LiteRtRequirements, LiteRtTensorBuffer *)) \
  F(GetTensorBufferPackedSize, (LiteRtTensorBuffer, size_t *))                                     \
  F(LockTensorBuffer, (LiteRtTensorBuffer, void **, int))                                          \
  F(UnlockTensorBuffer, (LiteRtTensorBuffer))                                                      \
  F(CompiledModelGetProfiler, (LiteRtCompiledModel, LiteRtProfiler *))                             \
  F(ResetProfiler, (LiteRtProfiler))                                                               \
  F(StartProfiler, (LiteRtProfiler))                                                               \
  F(StopProfiler, (LiteRtProfiler))                                                                \
  F(GetNumProfilerEvents, (LiteRtProfiler, int *))                                                 \
  F(GetProfilerEvents, (LiteRtProfiler, int, LiteRtProfiledEvent *))

/* These return nothing. Whatever else LiteRT hands out belongs to one of these. */
#define LITERT_DESTROYERS(D)                   \
  D(DestroyEnvironment, LiteRtEnvironment)     \
  D(DestroyModel, LiteRtModel)                 \
  D(DestroyOptions, LiteRtOptions)             \
  D(DestroyOpaqueOptions, LiteRtOpaqueOptions) \
  D(DestroyCompiledModel, LiteRtCompiledModel) \
  D(DestroyTensorBuffer, LiteRtTensorBuffer)

#define LITERT_MEMBER(name, parameters) int(*name) parameters;
#define LITERT_DESTROYER(name, type) void (*name)(type);
typedef struct {
  void *library;
  LITERT_FUNCTIONS(LITERT_MEMBER)
  LITERT_DESTROYERS(LITERT_DESTROYER)
} LiteRt;
#undef LITERT_MEMBER
#undef LITERT_DESTROYER

/* Opens libLiteRt.so as the loader finds it. The library stays in memory when it is closed: C++
 * libraries with threads are not made for being unloaded. */
MUST_USE bool litert_open(LiteRt *api, Failure *failure);

/* Closes it; a LiteRt of zeros, too. */
void litert_close(LiteRt *api);

/* Whether a status is LITERT_OK; otherwise writes a sentence, such as "Running the model failed
 * ...". */
MUST_USE bool litert_check(int status, const char *what, Failure *failure);

#endif
