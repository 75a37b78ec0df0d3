"""What products of a file's integers are multiplied by to be steps of the results."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from _edgeship.errors import VerificationError
from _edgeship.export.tflite.objects import kind_of, name_of
from _edgeship.export.tflite.weight_bounds import WEIGHTED
from _edgeship.export.tflite.writer import from_bytes

#: A product of one step by one step must be less than so many steps of the result. Of an int8 file
#: with 2e6 LiteRT ends the process. From 256 on, where every product but 0 is cut off, XNNPACK
#: refuses the file and says so. With int16 activations neither happens: such files are wrong, which
#: verification finds.
MOST_MULTIPLIER = 2.0**16


@dataclass(frozen=True)
class Multiplier:
    """What products of integers are multiplied by.

    Attributes:
        value: Steps of the result for one step of the weights times one step of the input.
        result: Name of the tensor that is computed so; "" without any.
    """

    value: float = 0.0
    result: str = ""

    @property
    def ends_process(self) -> bool:
        """Whether LiteRT ends the process that opens a file with it."""
        return self.value >= MOST_MULTIPLIER


def largest_multiplier(data: bytes) -> Multiplier:
    """Return the largest multiplier of the convolutions and products of a file.

    Args:
        data: The whole file.
    """
    model = from_bytes(data)
    tensors = model.subgraphs[0].tensors
    largest = Multiplier()
    for op in model.subgraphs[0].operators:
        layout = WEIGHTED.get(kind_of(model, op))
        if layout is None:
            continue
        kinds = [
            tensors[k] for k in (op.inputs[layout.source], op.inputs[layout.weight], op.outputs[0])
        ]
        given = [None if one.quantization is None else one.quantization.scale for one in kinds]
        if any(scale is None or not len(scale) for scale in given):
            continue
        fed, weights, result = (np.asarray(scale, np.float64) for scale in given)
        value = float(fed.max() * weights.max() / result.min())
        largest = max(largest, Multiplier(value, name_of(kinds[-1])), key=lambda one: one.value)
    return largest


def demand_computable(data: bytes, scheme: str) -> None:
    """Demand that LiteRT can open a file.

    Args:
        data: The whole file.
        scheme: That it is of.

    Raises:
        VerificationError: LiteRT would end the process.
    """
    found = largest_multiplier(data)
    if not found.ends_process:
        return
    raise VerificationError(
        f"LiteRT cannot compute {found.result} in {scheme}: it would end the process.",
        where=found.result,
        why=f"its weights are so large beside its results that one step of a product is "
        f"{found.value:.2g} steps of the result, where at most {MOST_MULTIPLIER:.2g} have a scale",
        todo="calibrate on 64 samples or more, so that channels are brought to one size; "
        "leave the layer in float (--keep-float), or choose --quant fp16",
    )
