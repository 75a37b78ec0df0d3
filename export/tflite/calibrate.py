"""Running the float file on calibration samples to find the range of every activation."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.export.calibration.ranges import Ranges, merge
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.values import Sample

#: What a PADV2 in front of a max pool writes into the border; no scale has to reach it.
_LOWEST = float(np.finfo(np.float32).min)


def activation_ranges(
    data: bytes,
    samples: Sequence[Sample],
    io: FileIO,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Ranges:
    """Return the smallest and largest value of every float activation over all samples.

    The plain built-in kernels run: a delegate does not write the tensors inside its partition.

    Args:
        data: The float32 file.
        samples: Input name -> array in ONNX order.
        io: The file's inputs.
        progress: Told (samples done, samples in all).

    Raises:
        InputError: If the network computes NaN or infinity from a sample.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    from _edgeship.export.runtimes.quiet import captured_stderr

    with captured_stderr(), warnings.catch_warnings():
        # The interpreter warns about the memory that keeping all tensors takes.
        warnings.simplefilter("ignore", UserWarning)
        interpreter = Interpreter(
            model_content=data,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        interpreter.allocate_tensors()
    ports = interpreter.get_input_details()
    activations = _activations(interpreter)
    ranges: Ranges = {}
    for number, sample in enumerate(samples):
        for port, spec in zip(ports, io.inputs, strict=True):
            array = sample[spec.name].transpose(spec.perm)
            interpreter.set_tensor(port["index"], np.ascontiguousarray(array))
        interpreter.invoke()
        for name, index in activations:
            merge(ranges, name, _without_border(interpreter.get_tensor(index)), number)
        progress(number + 1, len(samples))
    return ranges


def _activations(interpreter: Any) -> list[tuple[str, int]]:
    """Return (name, index) of the float inputs and of all that operators compute."""
    computed = {port["index"] for port in interpreter.get_input_details()}
    for op in interpreter._get_ops_details():
        computed.update(int(index) for index in op["outputs"])
    return [
        (tensor["name"], tensor["index"])
        for tensor in interpreter.get_tensor_details()
        if tensor["index"] in computed and tensor["dtype"] == np.float32
    ]


def _without_border(values: NDArray[Any]) -> NDArray[Any]:
    border = values == _LOWEST
    return values[~border] if border.any() else values
