"""Damages protobuf messages of any kind by what their descriptors say that they may hold."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from numpy.random import Generator

from tests.fuzz.damage import NUMBERS, REALS, TEXTS, WORDS, pick

#: Of long lists, so many entries can be changed.
_MOST_ENTRIES = 40

#: Types of fields: numbers of protobuf's descriptors.
_FLOATS = (1, 2)
_INTEGERS = (3, 4, 5, 6, 7, 13, 15, 16, 17, 18)
_BOOL, _STRING, _BYTES, _ENUM = 8, 9, 12, 14


def damage(message: Any, rng: Generator) -> None:
    """Change one to three fields somewhere in a message."""
    for _ in range(int(rng.integers(1, 4))):
        owners = list(_messages(message))
        _change(pick(rng, owners), rng)


def _messages(message: Any) -> Iterator[Any]:
    """Yield a message and all in it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if _is_map(field):
            inner = field.message_type.fields_by_name["value"]
            found = [value[key] for key in sorted(value)] if inner.message_type else []
        else:
            found = list(value) if _repeated(field) else [value]
        for one in found[:_MOST_ENTRIES]:
            yield from _messages(one)


def _change(message: Any, rng: Generator) -> None:
    fields = [field for field, _ in message.ListFields()]
    if not fields or rng.random() < 0.15:
        fields = list(message.DESCRIPTOR.fields)
    if not fields:
        return
    field = pick(rng, fields)
    if rng.random() < 0.1:
        message.ClearField(field.name)
        return
    with contextlib.suppress(ValueError, TypeError):  # a number that the type does not hold
        if _is_map(field):
            _change_map(getattr(message, field.name), field, rng)
        elif _repeated(field):
            _change_list(getattr(message, field.name), field, rng)
        elif field.message_type is not None:
            getattr(message, field.name).SetInParent()
            _change(getattr(message, field.name), rng)
        else:
            setattr(message, field.name, _value(field, rng))


def _change_map(entries: Any, field: Any, rng: Generator) -> None:
    """An entry less, under another name, or that of another."""
    keys = sorted(entries)
    if not keys:
        return
    key = pick(rng, keys)
    message = field.message_type.fields_by_name["value"].message_type is not None
    way = rng.integers(3)
    if way == 0:
        del entries[key]
        return
    new = _value(field.message_type.fields_by_name["key"], rng) if way == 1 else pick(rng, keys)
    if message:
        entries[new].CopyFrom(entries[key])
    else:
        entries[new] = entries[key]


def _change_list(entries: Any, field: Any, rng: Generator) -> None:
    """An entry less, twice, elsewhere, or another; or none."""
    way = rng.integers(5)
    message = field.message_type is not None
    if way == 0 or not len(entries):
        if message or rng.random() < 0.5:
            del entries[:]
        else:
            entries.append(_value(field, rng))
        return
    at = int(rng.integers(len(entries)))
    if way == 1:
        del entries[at]
    elif way == 2:
        entries.append(entries[at])
    elif way == 3 and message:
        moved = [type(one).FromString(one.SerializeToString()) for one in entries]
        del entries[:]
        entries.extend(moved[index] for index in rng.permutation(len(moved)))
    elif message:
        _change(entries[at], rng)
    else:
        entries[at] = _value(field, rng)


def _value(field: Any, rng: Generator) -> Any:
    if field.type == _BOOL:
        return bool(rng.integers(2))
    if field.type == _STRING:
        return pick(rng, TEXTS)
    if field.type == _BYTES:
        return pick(rng, WORDS)
    if field.type == _ENUM:
        return int(pick(rng, [value.number for value in field.enum_type.values]))
    if field.type in _FLOATS:
        return float(pick(rng, REALS))
    assert field.type in _INTEGERS, field.type
    return int(pick(rng, NUMBERS))


def _repeated(field: Any) -> bool:
    return bool(field.is_repeated) if hasattr(field, "is_repeated") else field.label == 3


def _is_map(field: Any) -> bool:
    kind = field.message_type
    return kind is not None and bool(kind.GetOptions().map_entry)
