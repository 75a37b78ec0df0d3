"""A TFLite graph under construction: tensors, axis orders, and what the float kernels take."""
