"""The quantization schemes, one table for the command line, the writers and the thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from _edgeship.errors import InputError

_FLOAT = ("float32",)
_BOTH = ("tflite", "coreml")

#: What --ios may be: those whose operators coremltools writes as ML programs.
IOS = (15, 16, 17, 18)


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
        targets: Which targets have it.
        ios: The oldest iOS whose Core ML has it; 0 for what Core ML does not have.
    """

    name: str
    weights: str
    activations: str
    calibrated: bool
    io_dtypes: tuple[str, ...]
    suffix: str
    targets: tuple[str, ...]
    ios: int


SCHEMES: dict[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        Scheme("none", "float32", "float32", False, _FLOAT, "fp32", _BOTH, 15),
        Scheme("fp16", "float16", "float16 or float32", False, _FLOAT, "fp16", _BOTH, 15),
        Scheme("dynamic", "int8", "float32", False, _FLOAT, "dynamic", ("tflite",), 0),
        Scheme("int8", "int8", "int8", True, (*_FLOAT, "int8", "uint8"), "int8", _BOTH, 17),
        Scheme("int16x8", "int8", "int16", True, _FLOAT, "int16x8", ("tflite",), 0),
        # Compressed weights, which are unpacked before a convolution computes in float16.
        Scheme("int8-weights", "int8", "float16", False, _FLOAT, "int8_weights", ("coreml",), 16),
        Scheme("palette8", "8-bit palette", "float16", False, _FLOAT, "palette8", ("coreml",), 16),
        Scheme("palette6", "6-bit palette", "float16", False, _FLOAT, "palette6", ("coreml",), 16),
        Scheme("palette4", "4-bit palette", "float16", False, _FLOAT, "palette4", ("coreml",), 16),
    )
}

#: Other names that ``--quant`` takes.
ALIASES = {"w8a8": "int8"}


def schemes_of(target: str) -> tuple[str, ...]:
    """Return the names of the schemes that a target has."""
    return tuple(name for name, scheme in SCHEMES.items() if target in scheme.targets)


def check_schemes(schemes: Sequence[str], targets: Sequence[str]) -> None:
    """Check that there is a file to write for every scheme and for every target.

    Raises:
        InputError: None of the targets has a scheme, or a target has none of the schemes.
    """
    possible = [name for name in SCHEMES if set(SCHEMES[name].targets) & set(targets)]
    for scheme in schemes:
        if scheme not in possible:
            able = SCHEMES[scheme].targets
            raise InputError(
                f"--quant {scheme} does not go with --to {','.join(targets)}.",
                why=f"only {' and '.join(able)} has it",
                todo=f"add --to {able[0]}, or choose from {', '.join(possible)}",
            )
    for target in targets:
        if not set(schemes) & set(schemes_of(target)):
            raise InputError(
                f"--to {target} has none of the schemes of --quant {','.join(schemes)}.",
                todo=f"add one of {', '.join(schemes_of(target))}, or leave --to {target} out",
            )


def oldest_ios(schemes: Sequence[str]) -> int:
    """Return the oldest iOS whose Core ML has all of these schemes."""
    return max(SCHEMES[scheme].ios for scheme in schemes)


def check_ios(ios: int, schemes: Sequence[str] = ()) -> None:
    """Check that packages can be written for an iOS, by all schemes that Core ML has.

    Raises:
        InputError: Packages cannot be written for it, or a scheme needs a later one.
    """
    if ios not in IOS:
        raise InputError(
            f"There is no deployment target '{ios}' for --ios.",
            todo=f"choose from {', '.join(map(str, IOS))}",
        )
    newer = [scheme for scheme in schemes if SCHEMES[scheme].ios > ios]
    if newer:
        raise InputError(
            f"--ios {ios} does not go with --quant {','.join(newer)}.",
            why=f"the operators for it came with iOS {oldest_ios(newer)}",
            todo=f"use --ios {oldest_ios(newer)}, or leave --ios out",
        )
