"""Reads the metadata of an untrusted .tflite file into plain values, or says what is wrong."""

from __future__ import annotations

import struct
from typing import Any

from _edgeship.errors import InputError
from _edgeship.export.tflite.metadata.schema import (
    ENUMS,
    FIELDS,
    IDENTIFIER,
    NUMBERS,
    ROOT,
    UNIONS,
    Field,
)

#: The most fields, list elements and characters that are read; labels are not among them.
_MOST_ITEMS = 200_000


def unpack(data: bytes) -> dict[str, Any]:
    """Return metadata as values that `packing.pack` takes; bytes as ``bytes``.

    Numbers of enumerations and unions that are newer than `schema` are given as "number N", and the
    tables of such unions left out.

    Raises:
        InputError: These are no metadata, or damaged ones.
    """
    if data[4:8] != IDENTIFIER:
        raise InputError(
            "The metadata of this file cannot be read.",
            where="TFLITE_METADATA",
            why=f"it does not begin as metadata does: {data[4:8]!r} instead of {IDENTIFIER!r}",
        )
    reader = _Reader(data)
    try:
        return reader.table(ROOT, reader.offset(0))
    except ValueError as error:
        raise InputError(
            "The metadata of this file is damaged.", where="TFLITE_METADATA", why=str(error)
        ) from error


class _Reader:
    """Follows the offsets of one FlatBuffer, inside of it, and counts what it reads."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = _MOST_ITEMS

    def table(self, kind: str, at: int) -> dict[str, Any]:
        """Return the table at a place."""
        start = at - self._number("<i", at)
        length = self._number("<H", start)
        values: dict[str, Any] = {}
        for field in FIELDS[kind]:
            self._count(1)
            place = self._place(start, length, field.slot)
            if field.kind in UNIONS:
                held = self._place(start, length, field.slot + 1)
                values |= self._union(field, at, place, held)
            elif place:
                values[field.name] = self._field(field, at + place)
        return values

    def offset(self, at: int) -> int:
        """Return where the offset at a place leads."""
        return at + int(self._number("<I", at))

    def _place(self, start: int, length: int, slot: int) -> int:
        """Return where a field lies in its table; 0 if it is absent."""
        entry = 4 + 2 * slot
        return int(self._number("<H", start + entry)) if entry + 2 <= length else 0

    def _union(self, field: Field, at: int, place: int, held: int) -> dict[str, Any]:
        number = self._number("<B", at + place) if place else 0
        if not number or not held:
            return {}
        known = UNIONS[field.kind]
        if number > len(known):
            return {f"{field.name}_type": f"number {number}"}
        chosen = known[number - 1]
        table = self.table(chosen, self.offset(at + held))
        return {f"{field.name}_type": chosen, field.name: table}

    def _field(self, field: Field, at: int) -> Any:
        if not field.many:
            return self._value(field.kind, at)
        start = self.offset(at)
        count = self._number("<I", start)
        self._count(count)
        size = struct.calcsize(NUMBERS[field.kind]) if field.kind in NUMBERS else 4
        first = start + 4
        if size == 1:
            return self._bytes(first, count)
        return [self._value(field.kind, first + size * index) for index in range(count)]

    def _value(self, kind: str, at: int) -> Any:
        if kind in NUMBERS:
            return self._number(NUMBERS[kind], at)
        if kind in ENUMS:
            number = self._number("<B", at)
            return ENUMS[kind][number] if number < len(ENUMS[kind]) else f"number {number}"
        start = self.offset(at)
        if kind != "string":
            return self.table(kind, start)
        length = self._number("<I", start)
        self._count(length)
        return self._bytes(start + 4, length).decode("utf-8", errors="replace")

    def _number(self, form: str, at: int) -> Any:
        [number] = struct.unpack(form, self._bytes(at, struct.calcsize(form)))
        return number

    def _bytes(self, at: int, count: int) -> bytes:
        if at < 0 or at + count > len(self._data):
            raise ValueError(f"it points at byte {max(at, at + count)} of {len(self._data)}")
        return self._data[at : at + count]

    def _count(self, items: int) -> None:
        self._left -= items
        if self._left < 0:
            raise ValueError(f"it holds more than {_MOST_ITEMS:,} items")
