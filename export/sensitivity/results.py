"""What was measured of each layer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from _edgeship.export.sensitivity.layers import Layer
from _edgeship.export.verification.parity import json_number


@dataclass(frozen=True)
class LayerError:
    """What rounding one layer to 8 bits does to the network's outputs.

    All figures are SQNR in dB of the worst part of the outputs; infinite where nothing changes.

    Attributes:
        layer: The layer.
        place: Its number in the order of the graph.
        alone_db: With its weights and its result rounded, and nothing else.
        without_db: With all that is rounded but these.
        weights_db: With its weights rounded alone; None if it has none, or was not asked.
        operator: The kind of operator of the target's file that computes it, or "".
    """

    layer: Layer
    place: int
    alone_db: float
    without_db: float
    weights_db: float | None = None
    operator: str = ""

    @property
    def at_fault(self) -> str:
        """Whether ``weights`` or its ``result`` lose more; "" where that was not measured."""
        if not self.layer.weight:
            return "result"
        if self.weights_db is None:
            return ""
        # Of noise of equal powers, each alone is 3 dB below both.
        return "weights" if self.weights_db <= self.alone_db + 3.0103 else "result"

    @property
    def repair(self) -> tuple[str, ...]:
        """Names of the layers that have to compute in float for its loss to go.

        A result reaches its readers as it is only where they compute in float as well.
        """
        own = (self.layer.name,) if self.layer.nodes else ()
        return own if self.at_fault == "weights" else (*own, *self.layer.readers)

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "layer": self.layer.name,
            "kind": self.layer.kind,
            "place": self.place,
            "nodes": list(self.layer.nodes),
            "operator": self.operator,
            "alone_sqnr_db": json_number(self.alone_db),
            "all_but_it_sqnr_db": json_number(self.without_db),
            "weights_sqnr_db": None if self.weights_db is None else json_number(self.weights_db),
            "at_fault": self.at_fault,
            "keep_float": list(self.repair),
        }


@dataclass(frozen=True)
class Sensitivity:
    """What rounding does to a network, layer by layer.

    Attributes:
        all_db: SQNR in dB of the worst part of the outputs with everything rounded.
        layers: The one that loses most alone first.
        samples: On how many samples.
        ranges: How the ranges of activations were chosen.
        equal: Whether channels were brought to one size before.
    """

    all_db: float
    layers: tuple[LayerError, ...]
    samples: int
    ranges: str
    equal: bool = False

    @property
    def way(self) -> str:
        """How activations were rounded, in words."""
        return f"{self.ranges} ranges" + (", channels brought to one size" if self.equal else "")

    def with_operators(self, kinds: dict[str, str]) -> Sensitivity:
        """Return the same with the operator of each layer.

        Args:
            kinds: Name of a value -> the operator that computes it.
        """
        layers = tuple(
            replace(
                one,
                operator=next(
                    (kinds[name] for name in reversed(one.layer.values) if name in kinds), ""
                ),
            )
            for one in self.layers
        )
        return replace(self, layers=layers)

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "samples": self.samples,
            "ranges": self.ranges,
            "equal_channels": self.equal,
            "all_sqnr_db": json_number(self.all_db),
            "layers": [one.to_dict() for one in self.layers],
        }
