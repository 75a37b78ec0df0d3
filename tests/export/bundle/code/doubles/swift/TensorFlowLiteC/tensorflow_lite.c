#include "tensorflow_lite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interpreter.h"

enum { MOST = 64 };

struct TfLiteModel {
  char path[4096];
};

struct TfLiteInterpreterOptions {
  int threads;
};

struct TfLiteTensor {
  void *open;
  int output, index;
};

struct TfLiteInterpreter {
  void *open;
  struct TfLiteTensor tensors[2][MOST];
};

TfLiteModel *TfLiteModelCreateFromFile(const char *model_path) {
  FILE *file = fopen(model_path, "rb");
  if (!file) return NULL;
  fclose(file);
  TfLiteModel *model = calloc(1, sizeof *model);
  if (model) snprintf(model->path, sizeof model->path, "%s", model_path);
  return model;
}

void TfLiteModelDelete(TfLiteModel *model) { free(model); }

TfLiteInterpreterOptions *TfLiteInterpreterOptionsCreate(void) {
  return calloc(1, sizeof(TfLiteInterpreterOptions));
}

void TfLiteInterpreterOptionsDelete(TfLiteInterpreterOptions *options) { free(options); }

void TfLiteInterpreterOptionsSetNumThreads(TfLiteInterpreterOptions *options, int32_t num_threads) {
  options->threads = num_threads;
}

TfLiteInterpreter *TfLiteInterpreterCreate(const TfLiteModel *model,
                                           const TfLiteInterpreterOptions *optional_options) {
  char why[300];
  int threads = optional_options ? optional_options->threads : 1;
  void *open = interpreter_open(model->path, threads, why, sizeof why);
  if (!open) return NULL;
  TfLiteInterpreter *made = calloc(1, sizeof *made);
  if (!made) return NULL;
  made->open = open;
  for (int output = 0; output < 2; output++)
    for (int i = 0; i < MOST; i++) made->tensors[output][i] = (TfLiteTensor){open, output, i};
  return made;
}

void TfLiteInterpreterDelete(TfLiteInterpreter *interpreter) {
  if (interpreter) interpreter_close(interpreter->open);
  free(interpreter);
}

TfLiteStatus TfLiteInterpreterAllocateTensors(TfLiteInterpreter *interpreter) {
  return interpreter ? kTfLiteOk : kTfLiteError;
}

TfLiteStatus TfLiteInterpreterInvoke(TfLiteInterpreter *interpreter) {
  return interpreter_run(interpreter->open) ? kTfLiteError : kTfLiteOk;
}

TfLiteTensor *TfLiteInterpreterGetInputTensor(const TfLiteInterpreter *interpreter,
                                              int32_t input_index) {
  if (interpreter_bytes(interpreter->open, 0, input_index) < 0) return NULL;
  return (TfLiteTensor *)&interpreter->tensors[0][input_index];
}

const TfLiteTensor *TfLiteInterpreterGetOutputTensor(const TfLiteInterpreter *interpreter,
                                                     int32_t output_index) {
  if (interpreter_bytes(interpreter->open, 1, output_index) < 0) return NULL;
  return &interpreter->tensors[1][output_index];
}

/* The real one demands the exact size as well. */
static int fits(const TfLiteTensor *tensor, size_t size) {
  return tensor && interpreter_bytes(tensor->open, tensor->output, tensor->index) == (int64_t)size;
}

TfLiteStatus TfLiteTensorCopyFromBuffer(TfLiteTensor *tensor, const void *input_data,
                                        size_t input_data_size) {
  if (!fits(tensor, input_data_size)) return kTfLiteError;
  return interpreter_set(tensor->open, tensor->index, input_data) ? kTfLiteError : kTfLiteOk;
}

TfLiteStatus TfLiteTensorCopyToBuffer(const TfLiteTensor *output_tensor, void *output_data,
                                      size_t output_data_size) {
  if (!fits(output_tensor, output_data_size)) return kTfLiteError;
  return interpreter_get(output_tensor->open, output_tensor->index, output_data) ? kTfLiteError
                                                                                 : kTfLiteOk;
}
