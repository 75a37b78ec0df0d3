"""What every target starts from, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import onnx_ir as ir

#: Value of each input, by name.
Feeds = Mapping[str, np.ndarray]

#: The outputs of a model, or what was raised instead.
Answer = Sequence[np.ndarray] | Exception


def prepared(model: onnx.ModelProto, inputs: Feeds) -> ir.Model:
    """The graph that every target starts from."""
    from _edgeship.export.preparation.prepare import prepare

    arrays = [value for value in inputs.values() if isinstance(value, np.ndarray)]
    shapes = [value.shape for value in arrays] if len(arrays) == len(inputs) else []
    return prepare(model, shapes).model
