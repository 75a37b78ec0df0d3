"""What evaluations of a sweep's files found, each kept under the digest of what decides it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from _edgeship.errors import InputError


class Interval(BaseModel):
    """A share or a difference of shares, with the ends of its 95 % interval.

    Attributes:
        value: 0 to 1, or -1 to 1.
        low: Lower end.
        high: Upper end.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float
    low: float
    high: float


class Evaluated(BaseModel):
    """How good a file is on the pictures of a sweep, beside the network that it was made of.

    Attributes:
        key: The digest of what decides it.
        status: ``ok``, or ``refused`` for good.
        sha256: Digest of the file.
        pictures: How many there were.
        source: Where they come from, in words.
        top1: How often its best class is the label; None without labels.
        network_top1: Likewise of the network.
        difference: By how much more often the file is right than the network.
        agreement: How often both have the same best class; None without scores of classes.
        sqnr_db: Signal to noise of its worst output against the network's; None where it is equal.
        notes: What a reader must know to judge the result.
        why: The sentence, if it is refused.
        seconds: What it took, with the other schemes that were evaluated beside it.
        peak_bytes: The most memory that it took.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    status: Literal["ok", "refused"]
    sha256: str
    pictures: int = 0
    source: str = ""
    top1: Interval | None = None
    network_top1: Interval | None = None
    difference: Interval | None = None
    agreement: Interval | None = None
    sqnr_db: float | None = None
    notes: tuple[str, ...] = ()
    why: str = ""
    seconds: float = 0.0
    peak_bytes: int = 0


class Keeping(Protocol):
    """Where evaluations are kept."""

    def find(self, key: str) -> Evaluated | None:
        """Return what was found for a key, if anything was."""

    def keep(self, found: Evaluated) -> None:
        """Keep an evaluation."""


class Kept:
    """The evaluations in the folder of a sweep, a file for each.

    Args:
        folder: ``--out`` of the sweep.
    """

    def __init__(self, folder: Path) -> None:
        self._root = folder.resolve() / "evaluations"

    def find(self, key: str) -> Evaluated | None:
        """Return what was found for a key; None if there is nothing, or nothing whole.

        Raises:
            InputError: It cannot be read.
        """
        try:
            found = Evaluated.model_validate_json(self._place(key).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        except OSError as error:
            raise InputError(f"{self._place(key)} cannot be read.", why=str(error)) from error
        return found if found.key == key else None

    def keep(self, found: Evaluated) -> None:
        """Put an evaluation at its place: whole, or not at all."""
        place = self._place(found.key)
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = place.with_name(f".{place.name}.{os.getpid()}")
        with fresh.open("wb") as file:
            file.write(found.model_dump_json(indent=1).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(place)

    def _place(self, key: str) -> Path:
        return self._root / key[:2] / f"{key}.json"


def percent(found: Interval | None) -> str:
    """Return a share in percent with its interval; "" for None."""
    if found is None:
        return ""
    return f"{100 * found.value:.1f} % [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def points(found: Interval | None) -> str:
    """Return a difference of shares in points with its interval; "" for None."""
    if found is None:
        return ""
    return f"{100 * found.value:+.2f} [{100 * found.low:+.2f}, {100 * found.high:+.2f}]"


def interval(found: Any, field: str) -> dict[str, float] | None:
    """Return a share or a difference of `export.evaluation` in JSON types.

    Args:
        found: With ``low`` and ``high``; or None.
        field: Name of its attribute between them.
    """
    if found is None:
        return None
    return {"value": getattr(found, field), "low": found.low, "high": found.high}
