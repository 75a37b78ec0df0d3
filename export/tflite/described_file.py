"""What a file says of its network, its inputs and its outputs, to tools that read its metadata."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from _edgeship.export.calibration.input_spec import InputSpec
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.contract.manifest import AXES
from _edgeship.export.contract.target import Job
from _edgeship.export.runtimes.tflite_ports import FileIO, PortSpec
from _edgeship.export.tflite.byte_job import ByteInput
from _edgeship.export.tflite.byte_port import picture_colors
from _edgeship.export.tflite.byte_scale import ByteScale
from _edgeship.export.tflite.metadata.attached import attach
from _edgeship.export.tflite.metadata.contents import About, Contents, Picture, Tensor
from _edgeship.export.tflite.metadata.packing import pack
from _edgeship.export.tflite.picking import Picking
from _edgeship.export.tflite.post_process import OUTPUTS
from _edgeship.export.tflite.reading import SAID
from _edgeship.export.tflite.writer import from_bytes, set_metadata, to_bytes

#: The largest value of a pixel.
_WHITE = 255.0

#: What is in the outputs of `post_process.OUTPUTS`.
_PICKED = (
    "Top, left, bottom and right of each box that was picked.",
    "The number of each one's class, from 0.",
    "The score of each.",
    "How many were picked.",
)

#: Digits of the digest that stand for the version, where nobody has said one.
_VERSION_DIGITS = 12


def described(data: bytes, contents: Contents) -> bytes:
    """Return a file that says what it is, with the names of its classes at its end.

    Args:
        data: A .tflite file without files at its end.
        contents: What it is to say.
    """
    model = from_bytes(data)
    set_metadata(model, SAID, pack(contents.table()))
    return attach(to_bytes(model), contents.files)


def contents_of(job: Job, io: FileIO, byte_input: ByteInput | None) -> Contents:
    """Return what the files of an export say.

    Args:
        job: What is exported.
        io: How the files' inputs and outputs relate to those of the job's graph.
        byte_input: How files take the bytes of pictures, if they do.
    """
    specs = {
        value.name or "": InputSpec(
            tuple(int(extent) for extent in value.shape or ()),
            np.dtype(np.float32) if value.dtype is None else np.dtype(value.dtype.numpy()),
            "nhwc" if value.name in job.nhwc else "nchw",
            inner=bool(job.request.inputs),
        )
        for value in job.graph.graph.inputs
    }
    scale = None if byte_input is None else byte_input.scale
    return Contents(
        _about(job),
        [_input(port, specs[port.name], job.preprocess, scale) for port in io.inputs],
        [_output(port, job) for port in io.outputs],
        {_labels_file(job, name): _lines(labels) for name, labels in job.labels.items()},
    )


def picking_contents(contents: Contents, picking: Picking) -> Contents:
    """Return what a file says that picks the boxes of a detector.

    Args:
        contents: What the file says that gives them all.
        picking: How they are picked.
    """
    used = (picking.reading.boxes, picking.reading.scores)
    others = [one for number, one in enumerate(contents.outputs) if number not in used]
    labels = contents.outputs[picking.reading.scores].labels
    picked = [
        Tensor(name, words, labels=labels if name == "classes" else "", holds_classes=True)
        for name, words in zip(OUTPUTS, _PICKED, strict=True)
    ]
    return replace(contents, outputs=[*picked, *others])


def _about(job: Job) -> About:
    said, network = job.about, job.network
    weights = "UNTRAINED: random weights." if network.untrained else f"Weights: {network.weights}."
    return About(
        network.name,
        said.description or f"{network.name}. {weights}",
        said.version or job.onnx_sha256[:_VERSION_DIGITS],
        said.author,
        said.license,
    )


def _input(
    port: PortSpec, spec: InputSpec, preprocess: Preprocess | None, scale: ByteScale | None
) -> Tensor:
    if spec.picture is None or preprocess is None:
        return Tensor(port.name)
    channels = port.perm.index(spec.channel_axis % len(port.perm) if spec.layout == "nhwc" else 1)
    letters = ["N", "C", "D", "H", "W"] if len(port.perm) == 5 else ["N", "C", "H", "W"]
    if spec.layout == "nhwc":
        letters = [letters[0], *letters[2:], letters[1]]
    axes = "".join(letters[axis] for axis in port.perm)
    colors = picture_colors(port.shape[channels])
    if scale is not None:
        mean: tuple[float, ...] = (float(scale.zero_point),)
        std: tuple[float, ...] = (1 / scale.scale,)
    else:
        mean = tuple(_WHITE * one for one in preprocess.mean)
        std = tuple(_WHITE * one for one in preprocess.std)
        colors = "" if preprocess.bgr else colors
    size = None
    if len(axes) == len(AXES[4]):
        size = port.shape[axes.index("H")], port.shape[axes.index("W")]
    return Tensor(port.name, "", axes, Picture(mean, std, colors, size))


def _output(port: PortSpec, job: Job) -> Tensor:
    return Tensor(port.name, labels=_labels_file(job, port.name))


def _labels_file(job: Job, output: str) -> str:
    if output not in job.labels:
        return ""
    return "labels.txt" if len(job.labels) == 1 else f"labels_{output}.txt"


def _lines(labels: tuple[str, ...]) -> bytes:
    return "".join(f"{label}\n" for label in labels).encode()
