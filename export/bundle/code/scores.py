"""Which outputs score classes, and what that is called in a class of Kotlin or Swift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from _edgeship.export.bundle.code.names import apart, class_name
from _edgeship.export.bundle.code.view import PortView


@dataclass(frozen=True)
class Top:
    """A function that sorts the classes of an output.

    Attributes:
        name: Of the function.
        scores: The expression that has the scores.
        labels: The member that has the names of the classes, or ``none`` in the language.
    """

    name: str
    scores: str
    labels: str


def labels_of(ports: Sequence[PortView], names: Sequence[str]) -> dict[str, str]:
    """Return file of labels -> name of the member that holds them.

    Args:
        ports: The outputs.
        names: Of their members.
    """
    files: dict[str, str] = {}
    for port, name in zip(ports, names, strict=True):
        if port.labels:
            files.setdefault(port.labels, f"{name}Labels")
    return dict.fromkeys(files, "labels") if len(files) == 1 else files


def tops_of(ports: Sequence[PortView], names: Sequence[str], none: str) -> list[Top]:
    """Return the functions that sort the classes of outputs.

    Args:
        ports: The outputs.
        names: Of their members.
        none: What is written in place of labels where there are none.
    """
    labels = labels_of(ports, names)
    scored = [
        (port, name)
        for port, name in zip(ports, names, strict=True)
        if port.classes and port.kind == "real"
    ]
    functions = apart(f"top{class_name(name)}" for _, name in scored)
    return [
        Top(function, _scores(port, f"outputs.{name}"), labels.get(port.labels, none))
        for (port, name), function in zip(scored, functions, strict=True)
    ]


def _scores(port: PortView, values: str) -> str:
    return f"softmax({values})" if port.logits else values
