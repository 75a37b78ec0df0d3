"""The quantization schemes of packages, and the oldest iOS that has each."""

from __future__ import annotations

from collections.abc import Sequence

from _edgeship.errors import InputError
from _edgeship.export.contract.schemes import Scheme, table

#: What --ios may be: those whose operators coremltools writes as ML programs.
IOS = (15, 16, 17, 18)

SCHEMES = table(
    Scheme("none", "float32", "float32", "fp32", "float"),
    Scheme("fp16", "float16", "float16", "fp16", "fp16"),
    Scheme("int8", "int8", "int8", "int8", "int8", calibrated=True, base="fp16"),
    # Compressed weights, which are unpacked before a convolution computes in float16.
    Scheme("int8-weights", "int8", "float16", "int8_weights", "int8-weights", base="fp16"),
    Scheme("palette8", "8-bit palette", "float16", "palette8", "palette8", base="fp16"),
    Scheme("palette6", "6-bit palette", "float16", "palette6", "palette6", base="fp16"),
    Scheme("palette4", "4-bit palette", "float16", "palette4", "palette4", base="fp16"),
)

#: Scheme -> the oldest iOS whose Core ML has it.
OLDEST_IOS = {
    "none": 15,
    "fp16": 15,
    "int8": 17,
    "int8-weights": 16,
    "palette8": 16,
    "palette6": 16,
    "palette4": 16,
}


def oldest_ios(schemes: Sequence[str]) -> int:
    """Return the oldest iOS whose Core ML has all of these schemes."""
    return max(OLDEST_IOS[scheme] for scheme in schemes)


def check_ios(ios: int, schemes: Sequence[str] = ()) -> None:
    """Check that packages can be written for an iOS, by all of the schemes.

    Raises:
        InputError: Packages cannot be written for it, or a scheme needs a later one.
    """
    if ios not in IOS:
        raise InputError(
            f"There is no deployment target '{ios}' for --ios.",
            todo=f"choose from {', '.join(map(str, IOS))}",
        )
    newer = [scheme for scheme in schemes if OLDEST_IOS[scheme] > ios]
    if newer:
        raise InputError(
            f"--ios {ios} does not go with --quant {','.join(newer)}.",
            why=f"the operators for it came with iOS {oldest_ios(newer)}",
            todo=f"use --ios {oldest_ios(newer)}, or leave --ios out",
        )
