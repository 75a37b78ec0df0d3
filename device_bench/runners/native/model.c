#define _GNU_SOURCE
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensors.h"

bool start_litert(Model *model, const Hardware *hardware, Failure *failure) {
  const LiteRtEnvironmentOption options[] = {
      {LITERT_OPTION_MIN_LOG_SEVERITY, {LITERT_ANY_INT, {.integer = LITERT_LOG_ERROR}}},
      {LITERT_OPTION_DISPATCH_FOLDER, {LITERT_ANY_STRING, {.text = hardware->npu_folder}}},
      {LITERT_OPTION_COMPILER_FOLDER, {LITERT_ANY_STRING, {.text = hardware->npu_folder}}}};
  return litert_open(&model->api, failure) &&
         litert_check(model->api.CreateEnvironment(hardware->npu_folder ? 3 : 1, options,
                                                   &model->environment),
                      "Starting LiteRT", failure);
}

/* Adds options that LiteRT reads as TOML under an identifier; LiteRT frees the text. */
static bool add_toml(const Model *model, const char *id, const char *toml, Failure *failure) {
  char *text = strdup(toml);
  if (!text) return fail(failure, "There is no memory left.");
  LiteRtOpaqueOptions opaque = NULL;
  if (!litert_check(model->api.CreateOpaqueOptions(id, text, free, &opaque), "Making options",
                    failure)) {
    free(text);
    return false;
  }
  if (litert_check(model->api.AddOpaqueOptions(model->options, opaque), "Adding options", failure))
    return true;
  model->api.DestroyOpaqueOptions(opaque);
  return false;
}

static bool make_options(Model *model, const Hardware *hardware, Failure *failure) {
  const LiteRt *api = &model->api;
  char threads[40];
  snprintf(threads, sizeof threads, "num_threads = %d\n", hardware->threads);
  /* One accelerator alone: with a second to fall back on, nobody would know what was measured. */
  return litert_check(api->CreateOptions(&model->options), "Making options", failure) &&
         litert_check(api->SetOptionsHardwareAccelerators(model->options, hardware->accelerator),
                      "Choosing hardware", failure) &&
         add_toml(model, "xnnpack", threads, failure) &&
         (!hardware->profile ||
          add_toml(model, "runtime_options_string", "enable_profiling = true\n", failure));
}

static bool compile(Model *model, const char *path, const Hardware *hardware, Failure *failure) {
  const LiteRt *api = &model->api;
  int status = api->CreateModelFromFile(model->environment, path, &model->file);
  if (status != LITERT_OK)
    return fail(failure, "The file cannot be read as a TFLite model (LiteRT %d).", status);
  if (!make_options(model, hardware, failure)) return false;
  status = api->CreateCompiledModel(model->environment, model->file, model->options,
                                    &model->compiled);
  if (status != LITERT_OK && hardware->accelerator != LITERT_CPU)
    return fail(failure,
                "LiteRT has no such accelerator here, or it does not take the model (LiteRT %d).",
                status);
  if (status != LITERT_OK)
    return fail(failure, "LiteRT cannot prepare the model (LiteRT %d).", status);
  return true;
}

typedef int (*GetTensor)(LiteRtSignature, size_t, LiteRtTensor *);
typedef int (*GetRequirements)(LiteRtCompiledModel, size_t, size_t, LiteRtRequirements *);

static bool make_tensor(const Model *model, LiteRtSignature signature, size_t index,
                        GetTensor find_tensor, GetRequirements get_requirements, Tensor *made,
                        Failure *failure) {
  const LiteRt *api = &model->api;
  LiteRtTensor tensor;
  LiteRtRequirements requirements;
  return litert_check(find_tensor(signature, index, &tensor), "Reading a tensor", failure) &&
         litert_check(api->GetRankedTensorType(tensor, &made->type), "Reading a tensor's type",
                      failure) &&
         litert_check(get_requirements(model->compiled, 0, index, &requirements),
                      "Sizing a buffer", failure) &&
         litert_check(api->CreateManagedTensorBufferFromRequirements(
                          model->environment, &made->type, requirements, &made->buffer),
                      "Making a buffer", failure) &&
         litert_check(api->GetTensorBufferPackedSize(made->buffer, &made->bytes),
                      "Sizing a buffer", failure);
}

static bool make_inputs(Model *model, LiteRtSignature signature, Failure *failure) {
  const LiteRt *api = &model->api;
  size_t count = 0;
  if (!litert_check(api->GetNumSignatureInputs(signature, &count), "Counting inputs", failure))
    return false;
  model->inputs = allocate(count, sizeof *model->inputs, failure);
  model->input_buffers = allocate(count, sizeof *model->input_buffers, failure);
  if (!model->inputs || !model->input_buffers) return false;
  model->input_count = count;
  for (size_t i = 0; i < count; i++) {
    if (!make_tensor(model, signature, i, api->GetSignatureInputTensorByIndex,
                     api->GetCompiledModelInputBufferRequirements, &model->inputs[i], failure))
      return false;
    model->input_buffers[i] = model->inputs[i].buffer;
  }
  return true;
}

static bool make_outputs(Model *model, LiteRtSignature signature, Failure *failure) {
  const LiteRt *api = &model->api;
  size_t count = 0;
  if (!litert_check(api->GetNumSignatureOutputs(signature, &count), "Counting outputs", failure))
    return false;
  model->outputs = allocate(count, sizeof *model->outputs, failure);
  model->output_buffers = allocate(count, sizeof *model->output_buffers, failure);
  if (!model->outputs || !model->output_buffers) return false;
  model->output_count = count;
  for (size_t i = 0; i < count; i++) {
    if (!make_tensor(model, signature, i, api->GetSignatureOutputTensorByIndex,
                     api->GetCompiledModelOutputBufferRequirements, &model->outputs[i], failure))
      return false;
    model->output_buffers[i] = model->outputs[i].buffer;
  }
  return true;
}

bool load_model(Model *model, const char *path, const Hardware *hardware, Failure *failure) {
  LiteRtSignature signature;
  model->asynchronous = hardware->accelerator != LITERT_CPU;
  return compile(model, path, hardware, failure) &&
         litert_check(model->api.GetModelSignature(model->file, 0, &signature),
                      "Reading the signature", failure) &&
         make_inputs(model, signature, failure) && make_outputs(model, signature, failure) &&
         clear_inputs(model, failure);
}

/* Locking an output waits until the accelerator has written it, and brings it to the CPU. */
static int wait_for_outputs(const Model *model) {
  int status = LITERT_OK;
  for (size_t i = 0; i < model->output_count && status == LITERT_OK; i++) {
    void *bytes;
    status = model->api.LockTensorBuffer(model->output_buffers[i], &bytes, LITERT_LOCK_READ);
    if (status == LITERT_OK) status = model->api.UnlockTensorBuffer(model->output_buffers[i]);
  }
  return status;
}

int run_model(const Model *model) {
  int status =
      model->api.RunCompiledModel(model->compiled, 0, model->input_count, model->input_buffers,
                                  model->output_count, model->output_buffers);
  return status == LITERT_OK && model->asynchronous ? wait_for_outputs(model) : status;
}

bool check_run(int status, Failure *failure) {
  return litert_check(status, "Running the model", failure);
}

static void close_tensors(const LiteRt *api, Tensor *tensors, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (tensors[i].buffer) api->DestroyTensorBuffer(tensors[i].buffer);
  free(tensors);
}

void close_model(Model *model) {
  const LiteRt *api = &model->api;
  close_tensors(api, model->inputs, model->input_count);
  close_tensors(api, model->outputs, model->output_count);
  free(model->input_buffers);
  free(model->output_buffers);
  /* The compiled model may look at its options and its file as long as it lives. */
  if (model->compiled) api->DestroyCompiledModel(model->compiled);
  if (model->options) api->DestroyOptions(model->options);
  if (model->file) api->DestroyModel(model->file);
  if (model->environment) api->DestroyEnvironment(model->environment);
  litert_close(&model->api);
  *model = (Model){0};
}
