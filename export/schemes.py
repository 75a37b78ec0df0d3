"""The quantization schemes, one table for the command line, the writer and the thresholds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scheme:
    """One way to store and compute the numbers of a network.

    Attributes:
        name: As given to ``--quant``.
        weights: Type of the weights in the file.
        activations: Type of the activations while running.
        calibrated: Whether activation ranges must be measured first.
        io_dtypes: What ``--io-dtype`` may ask for.
        suffix: What the file name ends in.
    """

    name: str
    weights: str
    activations: str
    calibrated: bool
    io_dtypes: tuple[str, ...]
    suffix: str


SCHEMES: dict[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        Scheme("none", "float32", "float32", False, ("float32",), "fp32"),
        Scheme("fp16", "float16", "float16 or float32", False, ("float32",), "fp16"),
        Scheme("dynamic", "int8", "float32", False, ("float32",), "dynamic"),
        Scheme("int8", "int8", "int8", True, ("float32", "int8", "uint8"), "int8"),
        Scheme("int16x8", "int8", "int16", True, ("float32",), "int16x8"),
    )
}
