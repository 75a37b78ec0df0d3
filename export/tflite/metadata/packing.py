"""From metadata as plain values to the FlatBuffer that stands in a .tflite file."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flatbuffers

from _edgeship.export.tflite.metadata.schema import (
    ENUMS,
    FIELDS,
    IDENTIFIER,
    NUMBERS,
    ROOT,
    UNIONS,
    Field,
    places,
)

#: A table: field -> value. An enumeration is the name of its number; beside a union stands, with
#: ``_type`` behind its name, the name of its table. So flatc writes them as JSON.
Table = Mapping[str, Any]

#: Bytes that lists of bytes begin at a multiple of; others at one of their own size.
_ALIGNED_BYTES = 16


def pack(metadata: Table) -> bytes:
    """Return metadata as a FlatBuffer; equal values give equal bytes.

    Args:
        metadata: The table `schema.ROOT`. Fields that are left out, and empty texts and lists, take
            no bytes.

    Raises:
        ValueError: A table has no such field, or an enumeration no such name.
    """
    builder = flatbuffers.Builder(1024)
    builder.Finish(_table(builder, ROOT, metadata), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def _table(builder: Any, kind: str, values: Table) -> int:
    """Write a table after all that it points at, and return where it is."""
    fields = FIELDS[kind]
    unknown = set(values) - {name for field in fields for name in _names(field)}
    if unknown:
        raise ValueError(f"{kind} has no field {', '.join(sorted(unknown))}")
    writers: list[Callable[[], None]] = []
    for field in fields:
        value = values.get(field.name)
        if value is not None and value not in ("", []):
            writers += _field(builder, field, value, values)
    builder.StartObject(sum(places(field.kind) for field in fields))
    for write in writers:
        write()
    return int(builder.EndObject())


def _names(field: Field) -> tuple[str, ...]:
    return (field.name, f"{field.name}_type") if field.kind in UNIONS else (field.name,)


def _field(builder: Any, field: Field, value: Any, table: Table) -> list[Callable[[], None]]:
    """Write what a field points at, and return what writes the field itself."""
    slot, kind = field.slot, field.kind
    if field.many:
        offset = _list(builder, kind, value)
    elif kind in NUMBERS:
        number = value
        return [lambda: _prepend(builder, kind)(slot, number, 0)]
    elif kind in ENUMS:
        number = ENUMS[kind].index(value)
        return [lambda: builder.PrependInt8Slot(slot, number, 0)]
    elif kind in UNIONS:
        chosen = table[f"{field.name}_type"]
        offset, number = _table(builder, chosen, value), UNIONS[kind].index(chosen) + 1
        return [
            lambda: builder.PrependUint8Slot(slot, number, 0),
            lambda: builder.PrependUOffsetTRelativeSlot(slot + 1, offset, 0),
        ]
    else:
        offset = builder.CreateString(value) if kind == "string" else _table(builder, kind, value)
    return [lambda: builder.PrependUOffsetTRelativeSlot(slot, offset, 0)]


def _prepend(builder: Any, kind: str) -> Any:
    return {
        "int": builder.PrependInt32Slot,
        "uint": builder.PrependUint32Slot,
        "float": builder.PrependFloat32Slot,
    }[kind]


def _list(builder: Any, kind: str, values: Sequence[Any]) -> int:
    """Write a list, and return where it is."""
    if kind in NUMBERS:
        size = struct.calcsize(NUMBERS[kind])
        packed = b"".join(struct.pack(NUMBERS[kind], value) for value in values)
        builder.StartVector(size, len(values), _ALIGNED_BYTES if size == 1 else size)
        builder.head -= len(packed)
        builder.Bytes[builder.head : builder.head + len(packed)] = packed
        return int(builder.EndVector())
    offsets = [
        builder.CreateString(value) if kind == "string" else _table(builder, kind, value)
        for value in values
    ]
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())
