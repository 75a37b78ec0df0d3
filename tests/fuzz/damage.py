"""What all kinds of damage have in common: odd numbers, odd words, and bytes that were changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from numpy.random import Generator

Item = TypeVar("Item")

#: Around the limits of all integers, and what looks harmless.
NUMBERS = (
    *(-(2**63), -(2**31), -129, -100, -2, -1, 0, 1, 2, 3, 7, 100, 127, 255, 1000, 2**16, 10**6),
    *(2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1),
)
REALS = (float("nan"), float("inf"), -1.0, 0.0, 1e-38, 3e38)

#: Not UTF-8, an escape of terminals, a tag, a zero, far too long, a path, an override of direction.
WORDS = (b"", b"\xff\xfe\x80", b"\x1b[31m", b"<b>", b"a\0b", b"x" * 3000, b"../up")
TEXTS = (
    *(
        "",
        "\x1b[31mred",
        "<script>alert(1)</script>",
        "a\0b",
        "x" * 3000,
        "../../up",
        "/etc/passwd",
    ),
    *("\u202eevil", "a\nb", "\x9b31m", "é☃", " ", "[bold]x[/]", "%s{0}", "-rf", "CON"),
)


def pick(rng: Generator, items: Sequence[Item]) -> Item:
    """Return one of several things."""
    return items[int(rng.integers(len(items)))]


def damaged(data: bytes, rng: Generator) -> bytes:
    """Return bytes that are cut off, or some of which are others: one, or four at a time."""
    way = rng.integers(5)
    if way == 0:
        return data[: int(rng.integers(0, len(data) + 1))]
    if way == 1:
        return data + bytes(rng.integers(0, 256, int(rng.integers(1, 40)), dtype="u1"))
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 6))):
        if len(changed) < 8:
            break
        if way == 2:
            changed[int(rng.integers(len(changed)))] = int(rng.integers(256))
        else:
            at = int(rng.integers(len(changed) - 4))
            number = int(pick(rng, NUMBERS)) if way == 3 else int(rng.integers(len(changed)))
            changed[at : at + 4] = (number % 2**32).to_bytes(4, "little")
    return bytes(changed)


def early(data: bytes, rng: Generator) -> bytes:
    """Return bytes of which some near the beginning, where headers lie, are others."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        if changed:
            at = int(rng.integers(min(len(changed), 64)))
            changed[at] = int(pick(rng, (0, 1, 0x7F, 0x80, 0xFF, int(rng.integers(256)))))
    return bytes(changed)


def other_json(value: Any, rng: Generator) -> Any:
    """Return a value of JSON of which one to three parts are others, missing, or there twice."""
    for _ in range(int(rng.integers(1, 4))):
        value = _other_at(value, rng)
    return value


def _other_at(value: Any, rng: Generator) -> Any:
    deeper = rng.random() < 0.85
    if isinstance(value, dict) and value and deeper:
        key = pick(rng, list(value))
        way = rng.random()
        rest = {other: one for other, one in value.items() if other != key}
        if way < 0.1:
            return rest
        if way < 0.2:
            return rest | {str(pick(rng, TEXTS)): value[key]}
        return value | {key: _other_at(value[key], rng)}
    if isinstance(value, list) and value and deeper:
        at = int(rng.integers(len(value)))
        way = rng.random()
        if way < 0.1:
            return value[:at] + value[at + 1 :]
        if way < 0.2:
            return [*value, value[at]]
        return [*value[:at], _other_at(value[at], rng), *value[at + 1 :]]
    choices: list[Any] = [None, True, [], {}, [[]], {"a": 1}, *REALS, *NUMBERS, *TEXTS, 10**400]
    return choices[int(rng.integers(len(choices)))]
