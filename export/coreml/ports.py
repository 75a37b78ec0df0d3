"""What an application gives to a package and gets from it: arrays or pictures, and classes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.coreml.convert import Color
from _edgeship.export.passes.new_values import NewValues
from _edgeship.export.runtimes.values import Sample

#: How far from a whole number a value may be and still count as that of a pixel.
_WHOLE = 0.01

#: How far a sample may be from its pixels normalised again, relative to its largest value or to 1,
#: whichever is larger.
_MOST_GAP = 1e-5


@dataclass(frozen=True)
class Ports:
    """How a package differs from the ONNX graph on the outside.

    Attributes:
        pixels: How the picture that an application gives becomes the network's input; None where
            it gives the network's input itself.
        labels: The classes, if an application is to get their names and probabilities.
        scored: The output with their scores.
    """

    pixels: Preprocess | None = None
    labels: tuple[str, ...] = ()
    scored: str = ""


@dataclass(frozen=True)
class Adapted:
    """An ONNX graph whose inputs and outputs are those of a package.

    Attributes:
        graph: It takes pixels from 0 to 255 and gives probabilities, where that was asked for.
        samples: What it takes.
        normalized: What the network itself reads: the samples, or pixels after normalisation.
        images: Input that takes a picture -> its colours.
        scores: The value that the probabilities come from; "" if the network itself ends in them.
        probabilities: The output that holds a probability for each class, or "".
    """

    graph: ir.Model
    samples: list[Sample]
    normalized: list[Sample]
    images: Mapping[str, Color]
    scores: str = ""
    probabilities: str = ""


def adapt(
    graph: ir.Model, samples: Sequence[Sample], ports: Ports, nhwc: Collection[str] = ()
) -> Adapted:
    """Return the graph with the inputs and outputs that a package is to have.

    Args:
        graph: The rewritten graph; it is not changed.
        samples: What it takes.
        ports: What the package is to take and give.
        nhwc: Inputs of the graph that take pictures with their channels at the end. A package
            takes pictures in one way only.

    Raises:
        InputError: The network does not take one picture.
    """
    if ports.pixels is None and not ports.labels:
        return Adapted(graph, list(samples), list(samples), {})
    graph = ir.from_proto(ir.to_proto(graph))
    images: dict[str, Color] = {}
    pixels = normalized = list(samples)
    if ports.pixels is not None:
        _take_channels_first(graph, nhwc)
        samples = [_moved(sample, nhwc, (0, 3, 1, 2)) for sample in samples]
        name = _take_pixels(graph, ports.pixels)
        images[name] = color_of(ports.pixels)
        pixels = [{name: pixels_of(one[name], ports.pixels)} for one in samples]
        offset, scale = _constants(ports.pixels)
        normalized = [{name: (one[name] - offset) * scale} for one in pixels]
        _demand_equal(samples, normalized)
        normalized = [_moved(sample, nhwc, (0, 2, 3, 1)) for sample in normalized]
    scores, probabilities = _give_probabilities(graph, ports.scored) if ports.labels else ("", "")
    return Adapted(graph, pixels, normalized, images, scores, probabilities)


def color_of(preprocess: Preprocess) -> Color:
    """Return the colours of pictures that are preprocessed like this."""
    if len(preprocess.mean) == 1:
        return "GRAYSCALE"
    return "BGR" if preprocess.bgr else "RGB"


def pixels_of(values: NDArray[Any], preprocess: Preprocess) -> NDArray[np.float32]:
    """Return the picture, from 0 to 255, that becomes ``values`` when it is preprocessed.

    Args:
        values: Array (1, C, H, W).
        preprocess: Mean and std of each channel.

    Returns:
        Array (1, C, H, W): whole numbers if the values come from a picture, else as computed.
    """
    mean, std = (_per_channel(numbers) for numbers in (preprocess.mean, preprocess.std))
    pixels = (values.astype(np.float64) * std + mean) * 255
    whole = np.rint(pixels)
    exact: NDArray[np.float32] = (
        whole if np.abs(pixels - whole).max() < _WHOLE else pixels
    ).astype(np.float32)
    return exact


def _constants(preprocess: Preprocess) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what is subtracted from a pixel, and what the rest is multiplied by: (1, C, 1, 1).

    In this order nothing cancels: pixels are whole numbers, which float16 holds exactly.
    """
    mean, std = (_per_channel(numbers) for numbers in (preprocess.mean, preprocess.std))
    return (255 * mean).astype(np.float32), (1 / (255 * std)).astype(np.float32)


def _per_channel(numbers: Sequence[float]) -> NDArray[np.float64]:
    return np.array(numbers, np.float64).reshape(1, -1, 1, 1)


def _demand_equal(samples: Sequence[Sample], normalized: Sequence[Sample]) -> None:
    """Check that normalising the pixels gives the samples back.

    Raises:
        VerificationError: It does not.
    """
    for sample, again in zip(samples, normalized, strict=True):
        for name, array in sample.items():
            gap = float(np.abs(array - again[name]).max())
            if not gap <= _MOST_GAP * max(1.0, float(np.abs(array).max())):
                raise VerificationError(
                    "The package would not normalise pictures as the network needs it.",
                    why=f"the largest difference is {gap:.2g}",
                    todo="report it, with --mean and --std",
                )


def _take_channels_first(graph: ir.Model, nhwc: Collection[str]) -> None:
    """Let pictures enter with their channels in front, in place."""
    for index, old in enumerate(graph.graph.inputs):
        if old.name not in nhwc or len(old.shape or ()) != 4:
            continue
        name = old.name
        extents = [int(str(extent)) for extent in old.shape or ()]
        first = ir.Value(name=name, type=old.type)
        first.shape = ir.Shape([extents[0], extents[3], extents[1], extents[2]])
        graph.graph.inputs[index] = first
        node = ir.node("Transpose", [first], {"perm": [0, 2, 3, 1]})
        last = NewValues(graph.graph).result(node, f"{name}_nhwc", old)
        last.shape = old.shape
        for reader, position in list(old.uses()):
            reader.replace_input_with(position, last)
        graph.graph.sort()


def _moved(sample: Sample, nhwc: Collection[str], order: tuple[int, ...]) -> Sample:
    return {
        name: np.ascontiguousarray(array.transpose(order)) if name in nhwc else array
        for name, array in sample.items()
    }


def _take_pixels(graph: ir.Model, preprocess: Preprocess) -> str:
    """Make the graph normalise its input itself, in place, and return the input's name.

    Raises:
        InputError: Its input is not one picture.
    """
    inputs = [value for value in graph.graph.inputs if not value.is_initializer()]
    shape = inputs[0].shape if len(inputs) == 1 else None
    fixed = [int(str(extent)) for extent in shape] if shape is not None else []
    if len(fixed) != 4 or fixed[0] != 1 or fixed[1] not in (1, 3):
        found = ", ".join(f"{value.name} {value.shape}" for value in inputs)
        raise InputError(
            "--io image needs a network that takes one picture at a time.",
            why=f"a picture is an input (1, 3, H, W) or (1, 1, H, W); the network has {found}",
            todo="leave --io image out, or export with another --input",
        )
    [pixels] = inputs
    if pixels.dtype is not None and pixels.dtype != ir.DataType.FLOAT:
        raise InputError(
            "--io image needs a network that takes its picture as float32.",
            why=f"its input {pixels.name} takes {pixels.dtype.numpy()}",
            todo="leave --io image out",
        )
    readers = list(pixels.uses())
    new = NewValues(graph.graph)
    offset, scale = (
        new.constant(name, data)
        for name, data in zip(("offset", "scale"), _constants(preprocess), strict=True)
    )
    centred = new.result(ir.node("Sub", [pixels, offset]), "centred_pixels", pixels)
    values = new.result(ir.node("Mul", [centred, scale]), "normalized_pixels", pixels)
    centred.shape = values.shape = pixels.shape
    for node, index in readers:
        node.replace_input_with(index, values)
    outputs = graph.graph.outputs
    outputs[:] = [values if output is pixels else output for output in outputs]
    graph.graph.sort()
    return pixels.name or ""


def _give_probabilities(graph: ir.Model, scored: str) -> tuple[str, str]:
    """Make an output a probability for each class, in place; return the names of both.

    The name of the scores is "" if the graph ends in a softmax already.
    """
    outputs = graph.graph.outputs
    [index] = [place for place, output in enumerate(outputs) if output.name == scored]
    output = outputs[index]
    producer = output.producer()
    if producer is not None and producer.op_type == "Softmax":
        return "", scored
    softmax = ir.node("Softmax", [output], {"axis": 1})
    probabilities = NewValues(graph.graph).result(softmax, "probabilities", output)
    probabilities.shape = output.shape
    outputs[index] = probabilities
    return scored, probabilities.name or ""
