"""Damages .tflite files: in the schema's objects, and in their bytes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.random import Generator

_NUMBERS = (
    *(-(2**63), -(2**31), -129, -100, -2, -1, 0, 1, 2, 3, 7, 100, 127, 255, 1000, 2**16, 10**6),
    *(2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1),
)
_REALS = (float("nan"), float("inf"), -1.0, 0.0, 1e-38, 3e38)
_TEXTS = (b"", b"\xff\xfe\x80", b"\x1b[31m", b"<b>", b"a\0b", b"x" * 3000, b"../up")


def mutated(data: bytes, rng: Generator) -> bytes:
    """Return the bytes of a file made of a valid one: in its objects, its bytes, or both."""
    way = rng.random()
    if way < 0.7:
        data = _with_other_fields(data, rng)
    return _damaged(data, rng) if way > 0.6 else data


def _with_other_fields(data: bytes, rng: Generator) -> bytes:
    """Return a file with one to three other fields."""
    for _ in range(20):
        model = schema.ModelT.InitFromPackedBuf(data, 0)
        for _ in range(int(rng.integers(1, 4))):
            fields = list(_fields(model))
            owner, name = fields[int(rng.integers(len(fields)))]
            setattr(owner, name, _other(getattr(owner, name), rng))
        builder = flatbuffers.Builder(1 << 12)
        with contextlib.suppress(Exception):  # a number that the field's type does not hold
            builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
            return bytes(builder.Output())
    return data


def _fields(thing: Any) -> Iterator[tuple[Any, str]]:
    """Yield all fields of an object and of those in it; those of large lists are few."""
    for name, value in vars(thing).items():
        yield thing, name
        if isinstance(value, list):
            for part in value[:40]:
                if hasattr(part, "Pack"):
                    yield from _fields(part)
        elif hasattr(value, "Pack"):
            yield from _fields(value)


def _other(value: Any, rng: Generator) -> Any:
    """Return something else of the same kind, or nothing."""
    if rng.random() < 0.1:
        return None
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return int(_pick(rng, _NUMBERS))
    if isinstance(value, float):
        return float(_pick(rng, _REALS))
    if isinstance(value, (bytes, str)):
        return _pick(rng, _TEXTS)
    if isinstance(value, np.ndarray):
        return _other_numbers(value, rng)
    if isinstance(value, list):
        return _other_list(value, rng)
    return value


def _other_numbers(value: np.ndarray, rng: Generator) -> np.ndarray:
    """Return numbers of which one is another, or is one too many or too few."""
    way = rng.integers(4)
    if way == 0:
        return value[: int(rng.integers(0, len(value) + 1))]
    if way == 1:
        return np.concatenate([value, value[:1], np.zeros(1, value.dtype)])
    if not len(value):
        return np.zeros(3, value.dtype)
    changed = value.copy()
    at = int(rng.integers(len(changed)))
    if changed.dtype.kind == "f":
        changed[at] = _pick(rng, _REALS)
    else:
        limits = np.iinfo(changed.dtype)
        changed[at] = min(max(int(_pick(rng, _NUMBERS)), int(limits.min)), int(limits.max))
    return changed


def _other_list(value: list[Any], rng: Generator) -> list[Any]:
    """Return a list without one, with one twice, in another order, or empty."""
    changed = list(value)
    way = rng.integers(4)
    if way == 0 or not changed:
        return []
    if way == 1:
        del changed[int(rng.integers(len(changed)))]
    elif way == 2:
        changed.append(_pick(rng, changed))
    else:
        changed = [changed[int(index)] for index in rng.permutation(len(changed))]
    return changed


def _damaged(data: bytes, rng: Generator) -> bytes:
    """Cut off, with some bytes changed, or with an offset that leads elsewhere."""
    way = rng.integers(4)
    if way == 0:
        return data[: int(rng.integers(0, len(data) + 1))]
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 6))):
        if len(changed) < 8:
            break
        if way == 1:
            changed[int(rng.integers(len(changed)))] = int(rng.integers(256))
        else:
            at = int(rng.integers(len(changed) // 4)) * 4
            number = int(_pick(rng, _NUMBERS)) if way == 2 else int(rng.integers(len(changed)))
            changed[at : at + 4] = (number % 2**32).to_bytes(4, "little")
    return bytes(changed)


def _pick(rng: Generator, items: Sequence[Any]) -> Any:
    return items[int(rng.integers(len(items)))]
