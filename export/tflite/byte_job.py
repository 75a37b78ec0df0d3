"""An export whose files take the bytes of pictures: its graph, its samples and its reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.errors import InputError
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.contract.target import Job
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.graph.shapes import shape_of
from _edgeship.export.preparation.inputs import OPEN_BATCH
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.tflite import byte_port
from _edgeship.export.tflite.batches import Run
from _edgeship.export.tflite.byte_input import take_bytes
from _edgeship.export.tflite.byte_scale import ByteScale, byte_scale, normalized, pixels_of
from _edgeship.export.verification.demand import demand
from _edgeship.export.verification.parity import Parity

_TODO = "leave --io image out, or export with another --input"


@dataclass(frozen=True)
class ByteInput:
    """How the files of an export take pictures.

    Attributes:
        name: The input.
        axis: The axis of its channels in the ONNX graph.
        preprocess: What the network itself wants pictures to go through.
        scale: How bytes become what the rest of the file takes.
        where: Where that happens, in words.
        parity: How the network's outputs change where the graph normalises.
    """

    name: str
    axis: int
    preprocess: Preprocess
    scale: ByteScale
    where: str
    parity: Parity

    def pixels(self, samples: Sequence[Sample]) -> list[Sample]:
        """Return the bytes that samples of the network were made from, or the nearest ones."""
        return _each(samples, lambda array: pixels_of(array, self.preprocess, self.axis))

    def network_input(self, centred: Sample) -> Sample:
        """Return what the network itself takes where the graph takes centred bytes."""
        scale = self.scale
        whole = np.rint(centred[self.name].astype(np.float64) / scale.scale + scale.zero_point)
        return {self.name: normalized(whole.astype(np.uint8), self.preprocess, self.axis)}

    def batches_of(self, run: Run) -> Run:
        """Return how the network runs batches of what the graph takes."""
        return lambda samples: run([self.network_input(sample) for sample in samples])

    def io(self, io: FileIO) -> FileIO:
        """Return the ports of a file that takes bytes."""
        [port] = io.inputs
        return replace(io, inputs=(replace(port, channels=port.perm.index(self.axis)),))

    @property
    def preparation(self) -> dict[str, object]:
        """What an application does to a picture for these files, in JSON types: it resizes."""
        described = self.preprocess.describe()
        wanted = {name: described[name] for name in ("resize", "crop")}
        return {"color_order": byte_port.picture_colors(len(self.scale.factor)), **wanted}

    def write(self, data: bytes, io: FileIO) -> bytes:
        """Return a file that takes bytes, made from one that takes centred ones."""
        [port] = io.inputs
        last = port.perm.index(self.axis) == len(port.perm) - 1
        return byte_port.take_bytes(data, self.scale, last)


def with_byte_input(job: Job) -> tuple[Job, ByteInput]:
    """Return the job whose graph takes centred bytes, with samples and reference to match.

    Samples that were not made from pictures are moved to the nearest ones: a file of bytes can be
    given nothing else.

    Raises:
        InputError: The network does not take one picture as float32.
        VerificationError: The graph computes something else than the network.
    """
    source = _only_picture(job)
    preprocess = job.preprocess
    if preprocess is None:
        raise InputError(
            "--io image needs a network that takes pictures.",
            why=f"its inputs are {', '.join(map(str, job.network.shapes))}",
            todo=_TODO,
        )
    rank = len(shape_of(source))
    axis = rank - 1 if source.name in job.nhwc else 1
    if shape_of(source)[axis] != len(preprocess.mean):
        raise _no_picture(job.graph.graph.inputs)
    scale = byte_scale(preprocess)
    graph = ir.from_proto(ir.to_proto(job.graph))
    [copied] = (value for value in graph.graph.inputs if value.name == source.name)
    fixed = source.name not in graph.metadata_props.get(OPEN_BATCH, "").split(",")
    where = take_bytes(graph.graph, copied, scale, axis, fixed_batch=fixed)
    pixels, checked = (
        _each(samples, lambda array: pixels_of(array, preprocess, axis))
        for samples in (job.samples, job.checked)
    )
    given = _each(checked, lambda array: normalized(array, preprocess, axis))
    reference = run_onnx(serialize(job.graph), given)
    centred = [_each(samples, scale.centred) for samples in (pixels, checked)]
    outputs = run_onnx(serialize(graph), centred[1])
    parity = demand(reference, outputs, "float", "take bytes")
    changed = replace(job, graph=graph, samples=centred[0], checked=centred[1], reference=reference)
    return changed, ByteInput(source.name or "", axis, preprocess, scale, where, parity)


def _each(samples: Sequence[Sample], change: Callable[[Any], Any]) -> list[Sample]:
    return [{name: change(array) for name, array in sample.items()} for sample in samples]


def _only_picture(job: Job) -> ir.Value:
    """Return the input of a network that takes one picture or clip as float32.

    Raises:
        InputError: It takes something else, or was quantized before.
    """
    inputs = [value for value in job.graph.graph.inputs if not value.is_initializer()]
    if len(inputs) != 1 or len(shape_of(inputs[0])) not in (4, 5):
        raise _no_picture(inputs)
    if inputs[0].dtype not in (None, ir.DataType.FLOAT):
        raise InputError(
            "--io image needs a network that takes its picture as float32.",
            why=f"its input {inputs[0].name} takes {inputs[0].dtype.numpy()}",
            todo="leave --io image out",
        )
    if job.given is not None:
        raise InputError(
            "--io image does not go with a network that was quantized before.",
            why="normalisation would change its weights, which are to stay as they are",
            todo="leave --io image out, or export the network from before",
        )
    return inputs[0]


def _no_picture(inputs: Sequence[ir.Value]) -> InputError:
    found = ", ".join(f"{value.name} {value.shape}" for value in inputs)
    return InputError(
        "--io image needs a network whose only input is a picture.",
        why=f"a picture has 1 or 3 channels; the network has {found}",
        todo=_TODO,
    )
