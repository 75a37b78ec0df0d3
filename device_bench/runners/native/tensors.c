#include "tensors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool lock(const Model *model, const Tensor *tensor, int how, void **bytes,
                 Failure *failure) {
  return litert_check(model->api.LockTensorBuffer(tensor->buffer, bytes, how), "Locking", failure);
}

static bool unlock(const Model *model, const Tensor *tensor, Failure *failure) {
  return litert_check(model->api.UnlockTensorBuffer(tensor->buffer), "Unlocking", failure);
}

bool set_tensor(const Model *model, const Tensor *tensor, const void *bytes, Failure *failure) {
  void *inside;
  if (!lock(model, tensor, LITERT_LOCK_WRITE, &inside, failure)) return false;
  memcpy(inside, bytes, tensor->bytes);
  return unlock(model, tensor, failure);
}

bool get_tensor(const Model *model, const Tensor *tensor, void *bytes, Failure *failure) {
  void *inside;
  if (!lock(model, tensor, LITERT_LOCK_READ, &inside, failure)) return false;
  memcpy(bytes, inside, tensor->bytes);
  return unlock(model, tensor, failure);
}

bool clear_inputs(const Model *model, Failure *failure) {
  for (size_t i = 0; i < model->input_count; i++) {
    const Tensor *tensor = &model->inputs[i];
    void *bytes;
    if (!lock(model, tensor, LITERT_LOCK_WRITE, &bytes, failure)) return false;
    memset(bytes, 0, tensor->bytes);
    if (!unlock(model, tensor, failure)) return false;
  }
  return true;
}

static bool fill(const Model *model, size_t index, FILE *file, Failure *failure) {
  const Tensor *tensor = &model->inputs[index];
  void *bytes;
  if (!lock(model, tensor, LITERT_LOCK_WRITE, &bytes, failure)) return false;
  size_t count = fread(bytes, 1, tensor->bytes, file);
  bool more = fgetc(file) != EOF;
  if (!unlock(model, tensor, failure)) return false;
  if (count == tensor->bytes && !more) return true;
  return fail(failure, "Input %zu takes %zu bytes; the file has %s.", index, tensor->bytes,
              more ? "more" : "less");
}

bool read_inputs(const Model *model, int count, const char *const *paths, Failure *failure) {
  if (!count) return true;
  if ((size_t)count != model->input_count)
    return fail(failure, "The model has %zu inputs, and %d are given.", model->input_count, count);
  for (size_t i = 0; i < model->input_count; i++) {
    FILE *file = fopen(paths[i], "rbe");
    if (!file) return fail(failure, "Input %zu cannot be opened: %s.", i, strerror(errno));
    bool filled = fill(model, i, file, failure);
    fclose(file);
    if (!filled) return false;
  }
  return true;
}

static bool write_tensor(const Model *model, const Tensor *tensor, FILE *file, Failure *failure) {
  void *bytes;
  if (!lock(model, tensor, LITERT_LOCK_READ, &bytes, failure)) return false;
  bool written = fwrite(bytes, 1, tensor->bytes, file) == tensor->bytes;
  int error = errno;
  if (!unlock(model, tensor, failure)) return false;
  return written || fail(failure, "The outputs cannot be written: %s.", strerror(error));
}

bool write_outputs(const Model *model, const char *path, Failure *failure) {
  FILE *file = fopen(path, "wbe");
  if (!file) return fail(failure, "The file for the outputs cannot be made: %s.", strerror(errno));
  bool written = true;
  for (size_t i = 0; written && i < model->output_count; i++)
    written = write_tensor(model, &model->outputs[i], file, failure);
  if (fclose(file) && written)
    return fail(failure, "The outputs cannot be written: %s.", strerror(errno));
  return written;
}
