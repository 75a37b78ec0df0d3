"""The layers of one file that stay in float: what they cost, and whether that was enough."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from _edgeship.errors import VerificationError
from _edgeship.export.contract.target import Job
from _edgeship.export.sensitivity.layers import Layer

if TYPE_CHECKING:
    from _edgeship.export.contract.schemes import Scheme
    from _edgeship.export.verification.parity import Parity

_TODO = "choose --quant fp16, or int16x8 for TFLite, or ask for less"


@dataclass(frozen=True)
class Kept:
    """The layers of one file that stay in float.

    Attributes:
        layers: Their names, in the order of the graph.
        values: Names of the values that they compute.
        cost: In words, what they cost.
        reached: In words, what the file was found to do, where a target was given.
        min_sqnr: SQNR in dB that it must reach on samples that nothing was chosen on.
    """

    layers: tuple[str, ...] = ()
    values: frozenset[str] = frozenset()
    cost: str = ""
    reached: str = ""
    min_sqnr: float | None = None

    @property
    def in_words(self) -> str:
        """The layers, for the table of stages; "" if there are none."""
        if not self.layers:
            return self.reached
        named = f"{self.counted}: {', '.join(self.layers)}"
        return f"{named}; {self.reached}" if self.reached else named

    @property
    def counted(self) -> str:
        """How many layers these are, and what they cost."""
        cost = f" ({self.cost})" if self.cost else ""
        return f"{len(self.layers)} layers in float{cost}"

    def demand(self, parity: Parity) -> None:
        """Demand that the file is as good as was asked for.

        Raises:
            VerificationError: It is not.
        """
        if self.min_sqnr is None:
            return
        worst = min(part.sqnr_db for part in parity.parts)
        if not worst >= self.min_sqnr:
            raise unmet(
                f"{self.min_sqnr:g} dB",
                f"{worst:.1f} dB, on samples that nothing was chosen on, with {self.counted}",
            )

    def record(self) -> list[str]:
        """Return it for the manifest."""
        return list(self.layers)


def kept_layers(job: Job, layers: Sequence[Layer], scheme: Scheme) -> Kept:
    """Return layers that stay in float, with what they cost a file.

    Args:
        job: What is exported.
        layers: Those that stay.
        scheme: Of the file.
    """
    if not layers:
        return Kept()
    names = {name for layer in layers for name in layer.nodes}
    weights = {layer.weight for layer in layers if layer.weight}
    constants = job.graph.graph.initializers
    sizes = [constants[name].const_value for name in weights]
    # Bytes of a number in float, but for the one that it would have otherwise.
    more = 1 if scheme.base == "fp16" else 3
    further = more * sum(math.prod(one.shape.numpy()) for one in sizes if one is not None)
    share = _share_of_work(job, names)
    return Kept(
        tuple(layer.name for layer in layers),
        frozenset(value for layer in layers for value in layer.values),
        f"{further / 1e3:,.0f} kB more, {share:.1%} of the mult-adds",
    )


def unmet(asked: str, best: str, why: str = "") -> VerificationError:
    """Return the error that no file is as good as was asked for.

    Args:
        asked: How good.
        best: What the best file does.
        why: Why it does no better, as far as that is known.
    """
    return VerificationError(
        f"No file reaches {asked}: the best was {best}.",
        where="--keep-float auto",
        why=why,
        todo=_TODO,
    )


def _share_of_work(job: Job, nodes: Collection[str]) -> float:
    """Return the share of a network's multiplications that some nodes do, 0 to 1."""
    from _edgeship.export.graph.cost import node_mult_adds

    work = {str(node.name): node_mult_adds(node) or 0 for node in job.graph.graph}
    total = sum(work.values())
    return sum(work[name] for name in nodes) / total if total else 0.0
