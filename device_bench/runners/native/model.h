/* A file loaded and ready to run, with a buffer for each of its inputs and outputs. */
#ifndef EDGESHIP_MODEL_H
#define EDGESHIP_MODEL_H

#include "failure.h"
#include "litert.h"

typedef struct {
  LiteRtRankedTensorType type;
  LiteRtTensorBuffer buffer;
  size_t bytes;
} Tensor;

/* Begins as zeros; ends with close_model, whatever failed before. */
typedef struct {
  LiteRt api;
  LiteRtEnvironment environment;
  LiteRtModel file;
  LiteRtOptions options;
  LiteRtCompiledModel compiled;
  size_t input_count, output_count;
  Tensor *inputs, *outputs;
  LiteRtTensorBuffer *input_buffers, *output_buffers; /* the same, as RunCompiledModel takes them */
  bool asynchronous; /* RunCompiledModel may return before an accelerator has finished */
} Model;

/* How a file is to be run. */
typedef struct {
  int threads;
  int accelerator;        /* LITERT_CPU, LITERT_GPU or LITERT_NPU */
  const char *npu_folder; /* where the libraries for an NPU are, or NULL */
  bool profile;           /* whether operators will be measured */
} Hardware;

/* Opens the library, and makes an environment that prints errors only. */
MUST_USE bool start_litert(Model *model, const Hardware *hardware, Failure *failure);

/* Loads and compiles a file, and makes its buffers; inputs are zeros. */
MUST_USE bool load_model(Model *model, const char *path, const Hardware *hardware,
                         Failure *failure);

/* Runs the model once until its outputs can be read, and returns LiteRT's status for check_run:
 * between two looks at the clock there is to be nothing else. */
MUST_USE int run_model(const Model *model);
MUST_USE bool check_run(int status, Failure *failure);

/* Gives back all that LiteRT holds for it. */
void close_model(Model *model);

#endif
