"""A network as the stages know it, wherever it came from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any

from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.network.definition import Definition

if TYPE_CHECKING:
    from _edgeship.export.preparation.given import Given


@dataclass(frozen=True)
class Network:
    """A network that can be captured and run. As a context, it ends in `close()`.

    Attributes:
        name: Safe in a file name.
        shapes: Shape of each input, batch first.
        definition: What it is defined by: it can be captured and run until `close()`.
        weights: Where the weights come from, in words.
        weights_sha256: Digest of the file they come from, if there is one.
        untrained: Whether the weights are random.
        preprocess: What its input images go through, where that is known.
        training: What is known about the training of the weights, for the manifest.
        facts: Published figures, for the manifest.
        notes: What the user should know about how it was read.
        tensors: Names that the user's file has for tensors; None if the captured graph's are all
            there is.
        given: The scales that it had, if it was quantized before.
        labels: The classes that its weights were trained on, in the order of the scores; empty
            where they are not known.
        classifier: Whether its output, if it has one, is known to hold a score for each class.
    """

    name: str
    shapes: tuple[Shape, ...]
    definition: Definition
    weights: str
    weights_sha256: str | None = None
    untrained: bool = False
    preprocess: Preprocess | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    tensors: frozenset[str] | None = None
    given: Given | None = None
    labels: tuple[str, ...] = ()
    classifier: bool = False

    def close(self) -> None:
        """Release the definition: a process of the user's code ends."""
        self.definition.close()

    def __enter__(self) -> Network:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def file_name(text: str) -> str:
    """Return a text with whatever does not belong in a file name replaced by ``_``."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._") or "model"
