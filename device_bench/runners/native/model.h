/* A file loaded and ready to run, with a buffer for each of its inputs and outputs. */
#ifndef EDGESHIP_MODEL_H
#define EDGESHIP_MODEL_H

#include "litert.h"
#include "options.h"

typedef struct {
  LiteRtTensorBuffer buffer;
  size_t bytes;
} Tensor;

typedef struct {
  LiteRt api;
  LiteRtEnvironment environment;
  LiteRtModel file;
  LiteRtCompiledModel compiled;
  size_t input_count, output_count;
  Tensor *inputs, *outputs;
  LiteRtTensorBuffer *input_buffers, *output_buffers; /* the same, as RunCompiledModel takes them */
} Model;

/* Loads and compiles the file of the options and makes its buffers; inputs are zeros. */
Model load_model(LiteRt api, LiteRtEnvironment environment, const Options *options);

/* Makes an environment that prints errors only. */
LiteRtEnvironment make_environment(const LiteRt *api);

/* Fills the inputs with the bytes of files, of which there are none or one for each. */
void read_inputs(const Model *model, const Options *options);

/* Runs the model once. */
void run_model(const Model *model);

/* Writes the bytes of all outputs, one after the other, to a file. */
void write_outputs(const Model *model, const char *path);

#endif
