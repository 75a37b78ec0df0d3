"""What the manifest says about one .tflite file."""

from __future__ import annotations

import hashlib

from _edgeship.export.contract.manifest import AXES, Artifact, Port
from _edgeship.export.contract.schemes import Scheme
from _edgeship.export.runtimes.tflite_ports import FileIO, PortSpec
from _edgeship.export.tflite.byte_port import picture_colors
from _edgeship.export.tflite.inspection import FilePort, describe
from _edgeship.export.tflite.memory import peak_activation_bytes
from _edgeship.export.tflite.reading import read_model
from _edgeship.export.verification.parity import Parity


def artifact_record(
    data: bytes,
    file_name: str,
    scheme: Scheme,
    io: FileIO,
    parity: Parity,
    rounded_db: float | None,
) -> Artifact:
    """Return the manifest's entry for a file, read back from its bytes.

    Args:
        data: The file.
        file_name: What it is called.
        scheme: How it was made.
        io: How its inputs and outputs relate to the ONNX graph's.
        parity: How its outputs compare with the network's.
        rounded_db: The yardstick that it was judged by, in dB, if there was one.
    """
    model = read_model(data)
    found = describe(model, len(data))
    operators: dict[str, int] = {}
    for kind in found.operators:
        operators[kind.kind] = operators.get(kind.kind, 0) + kind.count
    return Artifact(
        file=file_name,
        scheme=scheme.name,
        weights=scheme.weights,
        compute=scheme.activations,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        inputs=[_port(port, spec) for port, spec in zip(found.inputs, io.inputs, strict=True)],
        outputs=[_port(port, spec) for port, spec in zip(found.outputs, io.outputs, strict=True)],
        operators=operators,
        peak_activation_bytes=peak_activation_bytes(model),
        parity=parity.to_dict(),
        rounded_weights_sqnr_db=rounded_db,
    )


def _port(port: FilePort, spec: PortSpec) -> Port:
    return Port(
        name=spec.name,
        shape=list(port.shape),
        layout=_layout(spec.perm),
        dtype=port.dtype,
        scale=port.scale,
        zero_point=port.zero_point,
        colors="" if spec.channels is None else picture_colors(port.shape[spec.channels]),
        bytes_range=None if spec.channels is None else (0, 255),
    )


def _layout(perm: tuple[int, ...]) -> str:
    """Return the axis order in letters, such as NHWC; empty where axes have no such names."""
    letters = AXES.get(len(perm), "")
    return "".join(letters[axis] for axis in perm) if letters else ""
