"""What the manifest says about one deployable .onnx file."""

from __future__ import annotations

import hashlib

import onnx
from onnx import helper

from _edgeship.export.contract.manifest import AXES, Artifact, Port
from _edgeship.export.contract.schemes import Scheme
from _edgeship.export.onnx.summary import counts
from _edgeship.export.verification.parity import Parity


def artifact_record(
    data: bytes, file_name: str, scheme: Scheme, parity: Parity, rounded_db: float | None
) -> Artifact:
    """Return the manifest's entry for a file, read back from its bytes.

    Args:
        data: The file.
        file_name: What it is called.
        scheme: How it was made.
        parity: How its outputs compare with the network's.
        rounded_db: The yardstick that it was judged by, in dB, if there was one.
    """
    model = onnx.load_model_from_string(data)
    return Artifact(
        file=file_name,
        target="onnx",
        scheme=scheme.name,
        weights=scheme.weights,
        compute=scheme.activations,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        inputs=[_port(value) for value in model.graph.input],
        outputs=[_port(value) for value in model.graph.output],
        operators=counts(model),
        parity=parity.to_dict(),
        rounded_weights_sqnr_db=rounded_db,
    )


def _port(value: onnx.ValueInfoProto) -> Port:
    kind = value.type.tensor_type
    shape = [extent.dim_value for extent in kind.shape.dim]
    return Port(
        name=value.name,
        shape=shape,
        layout=AXES.get(len(shape), ""),
        dtype=str(helper.tensor_dtype_to_np_dtype(kind.elem_type)),
    )
