"""How the inputs and outputs of a written file relate to those of the ONNX graph."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PortSpec:
    """One input or output of a file.

    Attributes:
        name: The name in the file's signature, which is the ONNX name.
        shape: The shape in the file's axis order.
        perm: Axis ``k`` of the file holds axis ``perm[k]`` of the ONNX value.
        channels: The axis of the file that holds the colours of a picture, where the file takes
            its bytes and normalises them itself; None where it takes what the network takes.
    """

    name: str
    shape: tuple[int, ...]
    perm: tuple[int, ...]
    channels: int | None = None


@dataclass(frozen=True)
class FileIO:
    """All inputs and outputs of a file, in the order of the ONNX graph's."""

    inputs: tuple[PortSpec, ...]
    outputs: tuple[PortSpec, ...]
