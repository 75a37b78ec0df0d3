/* What goes into a model and what comes out of it, as bytes. */
#ifndef EDGESHIP_TENSORS_H
#define EDGESHIP_TENSORS_H

#include "model.h"

/* Copies all bytes of a tensor from memory, or to memory. */
MUST_USE bool set_tensor(const Model *model, const Tensor *tensor, const void *bytes,
                         Failure *failure);
MUST_USE bool get_tensor(const Model *model, const Tensor *tensor, void *bytes, Failure *failure);

/* Makes all inputs zeros. */
MUST_USE bool clear_inputs(const Model *model, Failure *failure);

/* Fills the inputs with the bytes of files, of which there are none or one for each. */
MUST_USE bool read_inputs(const Model *model, int count, const char *const *paths,
                          Failure *failure);

/* Writes the bytes of all outputs, one after the other, to a file. */
MUST_USE bool write_outputs(const Model *model, const char *path, Failure *failure);

#endif
