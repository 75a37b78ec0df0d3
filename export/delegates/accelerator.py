"""LiteRT's GPU accelerator on a driver that was found here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from _edgeship.errors import InputError
from _edgeship.export.delegates.half import lost, probe
from _edgeship.export.delegates.process import LIMIT_S, answers
from _edgeship.export.delegates.query import Answer, Query
from _edgeship.export.delegates.vulkan import HOW_TO_GET, Vulkan, candidates


@dataclass(frozen=True)
class Accelerator:
    """The accelerator on one driver.

    Attributes:
        vulkan: Where the driver is.
        device: Its name.
        software: Whether it is a program on the CPU.
        half: Whether it computes in float16.
    """

    vulkan: Vulkan
    device: str
    software: bool
    half: bool

    def ask(self, queries: Sequence[Query], limit_s: int = LIMIT_S) -> list[Answer]:
        """Return an answer to each query, all from one process unless one ends it.

        Args:
            queries: What to ask.
            limit_s: Seconds that one of them may take.
        """
        return list(answers(self.vulkan, queries, limit_s))

    def describe(self) -> dict[str, Any]:
        """Return the same as plain values, ready for JSON."""
        return {
            "device": self.device,
            "software": self.software,
            "float16": self.half,
            "from": self.vulkan.source,
            "in_words": self.in_words,
        }

    @property
    def in_words(self) -> str:
        """The driver, what it is, and what it computes in."""
        kind = " (a software driver: right results, no meaningful times)" if self.software else ""
        return f"{self.device}{kind}, {'float16' if self.half else 'no float16'}"


@cache
def find_accelerator() -> Accelerator:
    """Return the accelerator on the first driver that it accepts.

    Raises:
        InputError: It accepts none, or is not installed.
    """
    rejected = []
    for vulkan in candidates():
        plain, half = answers(vulkan, [probe(half=False), probe(half=True)])
        if plain.outputs and half.outputs and not lost(plain.outputs):
            log = plain.log
            return Accelerator(vulkan, log.device, log.software, lost(half.outputs))
        rejected.append(f"{vulkan.source}: {_objection(plain, half)}")
    raise InputError(
        "The GPU accelerator finds no driver that it can use.",
        why="; ".join(rejected) or "there is no Vulkan loader, or no driver",
        todo=HOW_TO_GET,
    )


def has_accelerator() -> bool:
    """Return whether there is a driver that the accelerator accepts."""
    try:
        find_accelerator()
    except InputError:
        return False
    return True


def _objection(plain: Answer, half: Answer) -> str:
    if plain.died or half.died:
        return plain.problem or half.problem
    if not plain.log.device:
        return "no driver that it accepts"
    return plain.problem or half.problem or "the driver computes wrong"
