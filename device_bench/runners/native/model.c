#define _GNU_SOURCE
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

static void *allocate(size_t count, size_t size) {
  void *memory = calloc(count ? count : 1, size);
  if (!memory) fail("There is no memory left.");
  return memory;
}

LiteRtEnvironment make_environment(const LiteRt *api) {
  const LiteRtEnvironmentOption quiet = {LITERT_OPTION_MIN_LOG_SEVERITY,
                                         {LITERT_ANY_INT, LITERT_LOG_ERROR}};
  LiteRtEnvironment environment;
  litert_check(api->CreateEnvironment(1, &quiet, &environment), "Starting LiteRT");
  return environment;
}

/* Adds options that LiteRT reads as TOML under an identifier; LiteRT frees the text. */
static void add_toml(const LiteRt *api, LiteRtOptions options, const char *id, const char *toml) {
  char *text = strdup(toml);
  if (!text) fail("There is no memory left.");
  LiteRtOpaqueOptions opaque;
  litert_check(api->CreateOpaqueOptions(id, text, free, &opaque), "Making options");
  litert_check(api->AddOpaqueOptions(options, opaque), "Adding options");
}

static LiteRtOptions make_options(const LiteRt *api, const Options *wanted) {
  LiteRtOptions options;
  litert_check(api->CreateOptions(&options), "Making options");
  /* One accelerator alone: with a second to fall back on, nobody would know what was measured. */
  litert_check(api->SetOptionsHardwareAccelerators(options, wanted->accelerator),
               "Choosing hardware");
  char threads[40];
  snprintf(threads, sizeof threads, "num_threads = %d\n", wanted->threads);
  add_toml(api, options, "xnnpack", threads);
  if (wanted->profile)
    add_toml(api, options, "runtime_options_string", "enable_profiling = true\n");
  return options;
}

typedef int (*GetTensor)(LiteRtSignature, size_t, LiteRtTensor *);
typedef int (*GetRequirements)(LiteRtCompiledModel, size_t, size_t, LiteRtRequirements *);

static Tensor *make_tensors(const Model *model, LiteRtSignature signature, size_t count,
                            GetTensor get_tensor, GetRequirements get_requirements) {
  Tensor *tensors = allocate(count, sizeof *tensors);
  for (size_t i = 0; i < count; i++) {
    LiteRtTensor tensor;
    LiteRtRankedTensorType type;
    LiteRtRequirements requirements;
    litert_check(get_tensor(signature, i, &tensor), "Reading a tensor");
    litert_check(model->api.GetRankedTensorType(tensor, &type), "Reading a tensor's type");
    litert_check(get_requirements(model->compiled, 0, i, &requirements), "Sizing a buffer");
    litert_check(model->api.CreateManagedTensorBufferFromRequirements(
                     model->environment, &type, requirements, &tensors[i].buffer),
                 "Making a buffer");
    litert_check(model->api.GetTensorBufferPackedSize(tensors[i].buffer, &tensors[i].bytes),
                 "Sizing a buffer");
  }
  return tensors;
}

static LiteRtTensorBuffer *buffers_of(const Tensor *tensors, size_t count) {
  LiteRtTensorBuffer *buffers = allocate(count, sizeof *buffers);
  for (size_t i = 0; i < count; i++) buffers[i] = tensors[i].buffer;
  return buffers;
}

Model load_model(LiteRt api, LiteRtEnvironment environment, const Options *options) {
  Model model = {.api = api, .environment = environment};
  int status = api.CreateModelFromFile(environment, options->model, &model.file);
  if (status != LITERT_OK) fail("The file cannot be read as a TFLite model (LiteRT %d).", status);
  status = api.CreateCompiledModel(environment, model.file, make_options(&api, options),
                                   &model.compiled);
  if (status != LITERT_OK && options->accelerator != LITERT_CPU)
    fail("LiteRT has no such accelerator here, or it does not take the model (LiteRT %d).", status);
  if (status != LITERT_OK) fail("LiteRT cannot prepare the model (LiteRT %d).", status);

  LiteRtSignature signature;
  litert_check(api.GetModelSignature(model.file, 0, &signature), "Reading the signature");
  litert_check(api.GetNumSignatureInputs(signature, &model.input_count), "Counting inputs");
  litert_check(api.GetNumSignatureOutputs(signature, &model.output_count), "Counting outputs");
  model.inputs =
      make_tensors(&model, signature, model.input_count, api.GetSignatureInputTensorByIndex,
                   api.GetCompiledModelInputBufferRequirements);
  model.outputs =
      make_tensors(&model, signature, model.output_count, api.GetSignatureOutputTensorByIndex,
                   api.GetCompiledModelOutputBufferRequirements);
  model.input_buffers = buffers_of(model.inputs, model.input_count);
  model.output_buffers = buffers_of(model.outputs, model.output_count);
  for (size_t i = 0; i < model.input_count; i++) {
    void *bytes;
    litert_check(api.LockTensorBuffer(model.inputs[i].buffer, &bytes, LITERT_LOCK_WRITE),
                 "Locking");
    memset(bytes, 0, model.inputs[i].bytes);
    litert_check(api.UnlockTensorBuffer(model.inputs[i].buffer), "Unlocking");
  }
  return model;
}

void read_inputs(const Model *model, const Options *options) {
  if (!options->input_count) return;
  if ((size_t)options->input_count != model->input_count)
    fail("The model has %zu inputs, and %d are given.", model->input_count, options->input_count);
  for (size_t i = 0; i < model->input_count; i++) {
    const Tensor *tensor = &model->inputs[i];
    FILE *file = fopen(options->inputs[i], "rb");
    if (!file) fail("Input %zu cannot be opened: %s.", i, strerror(errno));
    void *bytes;
    litert_check(model->api.LockTensorBuffer(tensor->buffer, &bytes, LITERT_LOCK_WRITE), "Locking");
    size_t count = fread(bytes, 1, tensor->bytes, file);
    if (count != tensor->bytes || fgetc(file) != EOF)
      fail("Input %zu takes %zu bytes; the file has %s.", i, tensor->bytes,
           count < tensor->bytes ? "less" : "more");
    fclose(file);
    litert_check(model->api.UnlockTensorBuffer(tensor->buffer), "Unlocking");
  }
}

void run_model(const Model *model) {
  int status =
      model->api.RunCompiledModel(model->compiled, 0, model->input_count, model->input_buffers,
                                  model->output_count, model->output_buffers);
  litert_check(status, "Running the model");
}

void write_outputs(const Model *model, const char *path) {
  FILE *file = fopen(path, "wb");
  if (!file) fail("The file for the outputs cannot be made: %s.", strerror(errno));
  for (size_t i = 0; i < model->output_count; i++) {
    const Tensor *tensor = &model->outputs[i];
    void *bytes;
    litert_check(model->api.LockTensorBuffer(tensor->buffer, &bytes, LITERT_LOCK_READ), "Locking");
    if (fwrite(bytes, 1, tensor->bytes, file) != tensor->bytes)
      fail("The outputs cannot be written: %s.", strerror(errno));
    litert_check(model->api.UnlockTensorBuffer(tensor->buffer), "Unlocking");
  }
  if (fclose(file)) fail("The outputs cannot be written: %s.", strerror(errno));
}
