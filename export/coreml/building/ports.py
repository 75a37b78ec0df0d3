"""How the inputs and outputs of a package relate to those of the ONNX graph."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PortSpec:
    """An input or output of a package; axes lie as in ONNX.

    Attributes:
        name: In the package, where names are identifiers.
        onnx_name: In the ONNX graph.
        shape: Static shape.
        dtype: NumPy's name of its type: float32 or int32. Packages take and give no booleans;
            they travel as 0 and 1 in int32.
    """

    name: str
    onnx_name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class PackageIO:
    """All inputs and outputs, in the order of the ONNX graph."""

    inputs: tuple[PortSpec, ...]
    outputs: tuple[PortSpec, ...]
