"""What a quantization scheme is; each target has a table of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    def in_words(self) -> str:
        """The types of weights and activations, for the table of stages."""
        return f"{self.weights} weights, {self.activations} inside"

    @property
    def bits(self) -> int:
        """How many bits activations have in files that are calibrated."""
        return 16 if self.activations == "int16" else 8

    @property
    def keeps_float(self) -> bool:
        """Whether layers of its files can be left in float: weights have fewer bits than that."""
        return not self.weights.startswith("float")

    @property
    def rounds(self) -> bool:
        """Whether it stores numbers in fewer bits than the network has, which makes noise."""
        return self.tolerance != "float"


def canonical(words: Iterable[str]) -> tuple[str, ...]:
    """Return the schemes that words of ``--quant`` name, aliases resolved, each once."""
    return tuple(dict.fromkeys(ALIASES.get(word, word) for word in words))


def still_float(kinds: Iterable[str]) -> str:
    """Return the warning that names operators of an integer file that compute in float, or ""."""
    named = ", ".join(kinds)
    return f"still computed in float: {named}" if named else ""


def table(*schemes: Scheme) -> Mapping[str, Scheme]:
    """Return schemes by their names, in order."""
    return {scheme.name: scheme for scheme in schemes}
