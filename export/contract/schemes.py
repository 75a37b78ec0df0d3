"""What a quantization scheme is; each target has a table of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_FLOAT = ("float32",)

#: Other names that ``--quant`` takes.
ALIASES = {"w8a8": "int8"}


@dataclass(frozen=True)
class Scheme:
    """One way in which a target stores and computes the numbers of a network.

    Attributes:
        name: As given to ``--quant``.
        weights: Type of the weights in the file.
        activations: Type of the activations while the file runs.
        suffix: What the file's name ends in, before the target's own suffix.
        tolerance: Key of `export.verification.tolerance.TOLERANCES` that its files are judged by.
        calibrated: Whether ranges of the activations must be measured first.
        base: The scheme whose file is verified before this one is made, whether or not it was
            asked for: what is wrong there would hide in the noise of this scheme. "" for none.
        io_dtypes: The types that the file's inputs and outputs can have.
    """

    name: str
    weights: str
    activations: str
    suffix: str
    tolerance: str
    calibrated: bool = False
    base: str = ""
    io_dtypes: tuple[str, ...] = _FLOAT

    @property
    def rounds(self) -> bool:
        """Whether it stores numbers in fewer bits than the network has, which makes noise."""
        return self.tolerance != "float"


def table(*schemes: Scheme) -> Mapping[str, Scheme]:
    """Return schemes by their names, in order."""
    return {scheme.name: scheme for scheme in schemes}
