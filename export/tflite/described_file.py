"""What a file says of its network, its inputs and its outputs, to tools that read its metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from _edgeship.export.calibration.input_spec import InputSpec
from _edgeship.export.contract.labels import label_files
from _edgeship.export.contract.manifest import AXES, AXES_LAST
from _edgeship.export.contract.port_words import PortWords, input_words, output_words
from _edgeship.export.contract.target import Job
from _edgeship.export.graph.shapes import static_shape
from _edgeship.export.runtimes.tflite_ports import FileIO, PortSpec
from _edgeship.export.tflite.byte_job import ByteInput
from _edgeship.export.tflite.byte_port import picture_colors
from _edgeship.export.tflite.byte_scale import ByteScale
from _edgeship.export.tflite.metadata.attached import attach
from _edgeship.export.tflite.metadata.contents import About, Contents, Picture, Tensor
from _edgeship.export.tflite.metadata.packing import Table, pack
from _edgeship.export.tflite.picking import Picking
from _edgeship.export.tflite.post_process import OUTPUTS
from _edgeship.export.tflite.reading import SAID
from _edgeship.export.tflite.writer import from_bytes, set_metadata, to_bytes

#: The largest value of a pixel.
_WHITE = 255.0

#: How many axes a batch of images has; clips have one more.
_IMAGE_AXES = 4

#: What is in the outputs of `post_process.OUTPUTS`.
_PICKED = (
    "Top, left, bottom and right of each box that was picked.",
    "The number of each one's class, from 0.",
    "The score of each.",
    "How many were picked.",
)

#: Digits of the digest that stand for the version, where nobody has said one.
_VERSION_DIGITS = 12


def described(data: bytes, table: Table, files: Mapping[str, bytes]) -> bytes:
    """Return a file that says what it is, with further files at its end.

    Args:
        data: A .tflite file without files at its end.
        table: What it is to say; see `metadata.packing.pack`.
        files: Name -> content.
    """
    model = from_bytes(data)
    set_metadata(model, SAID, pack(table))
    return attach(to_bytes(model), files)


def contents_of(job: Job, io: FileIO, byte_input: ByteInput | None) -> Contents:
    """Return what the files of an export say.

    Args:
        job: What is exported.
        io: How the files' inputs and outputs relate to those of the job's graph.
        byte_input: How files take the bytes of pictures, if they do.
    """
    specs = {
        value.name or "": InputSpec(
            static_shape(value) or (),
            np.dtype(np.float32) if value.dtype is None else np.dtype(value.dtype.numpy()),
            "nhwc" if value.name in job.nhwc else "nchw",
            inner=bool(job.request.inputs),
        )
        for value in job.graph.graph.inputs
    }
    scale = None if byte_input is None else byte_input.scale
    said = input_words(job), output_words(job)
    return Contents(
        _about(job),
        [_input(port, said[0][port.name], specs[port.name], job, scale) for port in io.inputs],
        [_output(port, said[1][port.name]) for port in io.outputs],
        label_files(job.labels),
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
    if network.weights_sha256 is None and not network.untrained:
        weights = ""  # how the network was named is no part of it: equal networks give equal bytes
    return About(
        network.name,
        said.description or f"{network.name}. {weights}".rstrip(),
        said.version or job.onnx_sha256[:_VERSION_DIGITS],
        said.author,
        said.license,
    )


def _input(
    port: PortSpec, words: PortWords, spec: InputSpec, job: Job, scale: ByteScale | None
) -> Tensor:
    preprocess = job.preprocess
    if spec.picture is None or preprocess is None:
        return Tensor(port.name, words.description)
    letters = (AXES_LAST if spec.layout == "nhwc" else AXES)[len(port.perm)]
    axes = "".join(letters[axis] for axis in port.perm)
    colors = picture_colors(port.shape[axes.index("C")])
    description = words.description
    if scale is None:
        mean = tuple(_WHITE * one for one in preprocess.mean)
        std = tuple(_WHITE * one for one in preprocess.std)
        colors = "" if preprocess.bgr else colors
    else:
        # Quantized by the input's own scale, the numbers that this gives are the bytes again.
        mean, std = (float(scale.zero_point),), (1 / scale.scale,)
        said = colors.lower() if colors == "GRAYSCALE" else colors
        description = f"{said} {words.pixels}" if words.pixels else ""
    size = None
    if len(axes) == _IMAGE_AXES:
        size = port.shape[axes.index("H")], port.shape[axes.index("W")]
    return Tensor(port.name, description, axes, Picture(mean, std, colors, size))


def _output(port: PortSpec, words: PortWords) -> Tensor:
    bounds = (0.0, 1.0) if words.scores == "probabilities" else None
    return Tensor(port.name, words.description, labels=words.labels, bounds=bounds)
