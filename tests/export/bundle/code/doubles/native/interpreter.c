#include "interpreter.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "tensors.h"

typedef struct LiteRtSubgraphT *LiteRtSubgraph;

enum { MOST = 64 };

typedef struct {
  Model model;
  int inputs[MOST], outputs[MOST]; /* place in the file -> place in the signature */
} Open;

/* Calls a function of LiteRT's that the runner does without. */
#define CALL(model, type, name, ...) ((int(*) type)dlsym((model)->api.library, name))(__VA_ARGS__)

static int place_of(const Model *model, LiteRtSignature signature, LiteRtTensor wanted, int output) {
  size_t count = output ? model->output_count : model->input_count;
  for (size_t i = 0; i < count; i++) {
    LiteRtTensor found = NULL;
    int status = output ? model->api.GetSignatureOutputTensorByIndex(signature, i, &found)
                        : model->api.GetSignatureInputTensorByIndex(signature, i, &found);
    if (status == LITERT_OK && found == wanted) return (int)i;
  }
  return -1;
}

static bool find_places(Open *open) {
  Model *model = &open->model;
  LiteRtSignature signature = NULL;
  LiteRtSubgraph graph = NULL;
  if (model->input_count > MOST || model->output_count > MOST ||
      model->api.GetModelSignature(model->file, 0, &signature) ||
      CALL(model, (LiteRtSignature, LiteRtSubgraph *), "LiteRtGetSignatureSubgraph", signature,
           &graph))
    return false;
  for (int output = 0; output < 2; output++) {
    size_t count = output ? model->output_count : model->input_count;
    for (size_t i = 0; i < count; i++) {
      LiteRtTensor tensor = NULL;
      const char *name = output ? "LiteRtGetSubgraphOutput" : "LiteRtGetSubgraphInput";
      if (CALL(model, (LiteRtSubgraph, size_t, LiteRtTensor *), name, graph, i, &tensor))
        return false;
      int place = place_of(model, signature, tensor, output);
      if (place < 0) return false;
      (output ? open->outputs : open->inputs)[i] = place;
    }
  }
  return true;
}

void *interpreter_open(const char *path, int threads, char *why, int room) {
  Failure failure = {0};
  Hardware hardware = {.threads = threads, .accelerator = LITERT_CPU};
  Open *open = calloc(1, sizeof *open);
  if (open && start_litert(&open->model, &hardware, &failure) &&
      load_model(&open->model, path, &hardware, &failure) &&
      (find_places(open) || fail(&failure, "Its tensors are in no order.")))
    return open;
  snprintf(why, (size_t)room, "%s", failure.what);
  if (open) interpreter_close(open);
  return NULL;
}

int interpreter_count(const void *open, int output) {
  const Model *model = &((const Open *)open)->model;
  return (int)(output ? model->output_count : model->input_count);
}

static const Tensor *tensor_at(const Open *open, int output, int index) {
  if (index < 0 || index >= interpreter_count(open, output)) return NULL;
  return output ? &open->model.outputs[open->outputs[index]]
                : &open->model.inputs[open->inputs[index]];
}

int64_t interpreter_bytes(const void *open, int output, int index) {
  const Tensor *tensor = tensor_at(open, output, index);
  return tensor ? (int64_t)tensor->bytes : -1;
}

int interpreter_set(const void *open, int index, const void *bytes) {
  Failure failure;
  const Tensor *tensor = tensor_at(open, 0, index);
  return tensor && set_tensor(&((const Open *)open)->model, tensor, bytes, &failure) ? 0 : 1;
}

int interpreter_run(const void *open) { return run_model(&((const Open *)open)->model); }

int interpreter_get(const void *open, int index, void *bytes) {
  Failure failure;
  const Tensor *tensor = tensor_at(open, 1, index);
  return tensor && get_tensor(&((const Open *)open)->model, tensor, bytes, &failure) ? 0 : 1;
}

void interpreter_close(void *open) {
  close_model(&((Open *)open)->model);
  free(open);
}
