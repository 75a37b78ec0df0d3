"""What is in the inputs and outputs of files, in words: what is known of them, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from _edgeship.export.contract.labels import labels_file
from _edgeship.export.graph.shapes import Shape, static_shape

if TYPE_CHECKING:
    import onnx_ir as ir

    from _edgeship.export.calibration.preprocess import Preprocess
    from _edgeship.export.contract.target import Job

Scores = Literal["", "logits", "probabilities"]
"""What the scores of classes are; "" of an output that holds none."""

#: Operators that hand on the numbers of their first input.
_HAND_ON = {"Identity", "Cast", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose"}


@dataclass(frozen=True)
class PortWords:
    """What is known of an input or output.

    Attributes:
        description: What it holds, in a phrase; "" where that is not known.
        labels: Name of the file that names its classes, or "".
        scores: What its scores are.
        pixels: The same without its colours, where a file normalises the picture itself.
    """

    description: str = ""
    labels: str = ""
    scores: Scores = ""
    pixels: str = ""


def input_words(job: Job) -> dict[str, PortWords]:
    """Return name of an input of a job's network -> what is known of it."""
    inputs = [value for value in job.graph.graph.inputs if not value.is_initializer()]
    preprocess = job.preprocess
    if preprocess is None or len(inputs) != 1:
        return {value.name or "": PortWords() for value in inputs}
    [value] = inputs
    shape = static_shape(value) or ()
    name = value.name or ""
    colors = "grayscale" if len(preprocess.mean) == 1 else "BGR" if preprocess.bgr else "RGB"
    picture = _picture(shape, last=name in job.nhwc)
    words = f"{colors} {picture}, {_scale(preprocess)}" if _is_known(job, preprocess) else ""
    return {name: PortWords(words, pixels=f"{picture}, 0 to 255")}


def output_words(job: Job) -> dict[str, PortWords]:
    """Return name of an output of a job's network -> what is known of it."""
    outputs = list(job.graph.graph.outputs)
    alone = job.network.classifier and len(outputs) == 1 and not job.request.outputs
    return {value.name or "": _output(value, job.labels, alone) for value in outputs}


def shapes_of_outputs(graph: ir.Model) -> dict[str, Shape]:
    """Return name of an output -> its shape, batch first."""
    return {value.name or "": static_shape(value) or () for value in graph.graph.outputs}


def _output(value: ir.Value, labels: Mapping[str, tuple[str, ...]], classifier: bool) -> PortWords:
    name, shape = value.name or "", static_shape(value) or ()
    plain = len(shape) == 2
    count = len(labels.get(name, ())) or (shape[1] if classifier and plain else 0)
    normalized = _normalized(value, count or (shape[1] if plain else 0))
    file = labels_file(name, labels)
    if not count and plain and normalized == "Softmax":
        return PortWords(f"{shape[1]} probabilities", scores="probabilities")
    if not count:
        return PortWords()
    scores: Scores = "probabilities" if normalized else "logits"
    words = f"{'probabilities' if normalized else 'scores'} of {count} classes"
    return PortWords(words if plain else f"{words} at each place", file, scores)


def _normalized(value: ir.Value, count: int) -> str:
    """Return the operator that makes scores of classes probabilities, or ""."""
    producer = value.producer()
    while producer is not None and producer.op_type in _HAND_ON and producer.inputs[0] is not None:
        producer = producer.inputs[0].producer()
    if producer is None or producer.op_type not in ("Softmax", "Sigmoid"):
        return ""
    if producer.op_type == "Sigmoid":
        return "Sigmoid"
    shape = static_shape(producer.outputs[0]) or ()
    axis = producer.attributes["axis"].as_int() if "axis" in producer.attributes else -1
    return "Softmax" if shape and shape[axis] == count else ""


def _is_known(job: Job, preprocess: Preprocess) -> bool:
    """Return whether somebody has said how pictures become the input, rather than we assumed it."""
    request, own = job.request, job.network.preprocess
    said = request.mean is not None and request.std is not None
    from_bytes = preprocess.mean == (0.0,) * len(preprocess.mean) and preprocess.std == (
        1 / 255,
    ) * len(preprocess.std)
    return said or from_bytes or (own is not None and len(own.mean) == len(preprocess.mean))


def _picture(shape: Shape, last: bool) -> str:
    *frames, height, width = shape[1:-1] if last else shape[2:]
    size = f"{width}x{height}" if width == height else f"{width}x{height} (width x height)"
    if frames:
        return f"clip of {frames[0]} frames of {size}"
    return f"picture of {size}"


def _scale(preprocess: Preprocess) -> str:
    """Return what becomes of the values of a picture, in words."""
    mean, std = preprocess.mean, preprocess.std
    if len(set(mean)) == len(set(std)) == 1:
        low, high = -mean[0] / std[0], (1 - mean[0]) / std[0]
        return f"{low + 0:g} to {high:g}"
    return f"each value / 255, minus {_numbers(mean)}, divided by {_numbers(std)}"


def _numbers(numbers: Sequence[float]) -> str:
    return f"({', '.join(f'{number:g}' for number in numbers)})"
