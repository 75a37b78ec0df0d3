"""What a delegate takes of a file, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _edgeship.export.runtimes.values import Outputs

#: How a report may be known.
PLAN, ACCELERATOR, RULES = "plan", "accelerator", "rules"


@dataclass(frozen=True)
class Left:
    """An operator that a delegate leaves to the CPU's plain kernels, or to another delegate.

    Attributes:
        kind: Name in the schema, such as ``RESHAPE``.
        reason: Why, in the delegate's own words; "" if it does not say.
        index: Place among the file's operators; None if the delegate only tells the kind.
        tensor: Name of what it computes; "" likewise.
        node: The ONNX node that computes it; "" if that is not known.
    """

    kind: str
    reason: str
    index: int | None = None
    tensor: str = ""
    node: str = ""


@dataclass(frozen=True)
class DelegateReport:
    """How much of a file a delegate runs.

    Attributes:
        delegate: ``XNNPACK`` or ``GPU``.
        operators: How many the file has.
        taken: How many of them the delegate runs.
        partitions: Into how many pieces that it runs they fall.
        left: The others, in the file's order.
        device: The driver that ran them; "" for the CPU, and by rules.
        software: Whether that driver is a program on the CPU: right for what is computed, and
            without meaning for time.
        precision: What it computed in: ``float32`` or ``float16``; "" as the file says.
        source: How that is known: the runtime's own ``plan``, an ``accelerator`` that was asked,
            or ``rules``.
    """

    delegate: str
    operators: int
    taken: int
    partitions: int
    left: tuple[Left, ...] = ()
    device: str = ""
    software: bool = False
    precision: str = ""
    source: str = PLAN

    @property
    def in_words(self) -> str:
        """The same in a sentence, without the reasons."""
        pieces = f"{self.partitions} partition{'' if self.partitions == 1 else 's'}"
        words = f"{self.delegate} takes {self.taken} of {self.operators} operators in {pieces}"
        if self.source == RULES:
            return f"{words}, by rules"
        if not self.device:
            return words
        kind = ", a software driver" if self.software else ""
        return f"{words}; {self.device}{kind}; computed in {self.precision}"

    def alike(self) -> list[tuple[Left, int]]:
        """Return the operators left, one of each kind and reason, and how many are like it."""
        found: dict[tuple[str, str], tuple[Left, int]] = {}
        for one in self.left:
            key = one.kind, one.reason
            first, count = found.get(key, (one, 0))
            found[key] = first, count + 1
        return list(found.values())

    def with_nodes(self, nodes: Mapping[str, str]) -> DelegateReport:
        """Return the same with the ONNX node of every operator whose tensor tells it.

        Args:
            nodes: Name of an ONNX value -> the node that computes it.
        """
        left = tuple(replace(one, node=_node_of(one.tensor, nodes)) for one in self.left)
        return replace(self, left=left)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Run:
    """What a runtime computed from samples.

    Attributes:
        outputs: One list of arrays for each sample.
        delegate: How much of the file a delegate ran; None where that is not known.
    """

    outputs: Outputs
    delegate: DelegateReport | None = None


def _node_of(tensor: str, nodes: Mapping[str, str]) -> str:
    """Return the node of a tensor, which is named by an ONNX value, and perhaps a step behind a /.

    Names of ONNX values may hold a / themselves: the longest one that fits is meant.
    """
    while tensor:
        if tensor in nodes:
            return nodes[tensor]
        tensor = tensor.rpartition("/")[0]
    return ""
