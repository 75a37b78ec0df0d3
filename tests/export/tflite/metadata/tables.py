"""Random metadata: any table of the schema, with any of its fields."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from _edgeship.export.tflite.metadata.schema import ENUMS, FIELDS, NUMBERS, ROOT, UNIONS, Field

_LETTERS = 'abc äß漢🙂"\\\n'


def random_table(rng: np.random.Generator, kind: str = ROOT) -> dict[str, Any]:
    """Return a table; fields whose value is the schema's default are left out, as packing does."""
    found: dict[str, Any] = {}
    for field in FIELDS[kind]:
        if rng.random() < 0.4:
            continue
        if field.many:
            values = [_value(rng, field.kind) for _ in range(rng.integers(1, 4))]
            found[field.name] = bytes(values) if field.kind == "ubyte" else values
        elif field.kind in UNIONS:
            chosen = str(rng.choice(UNIONS[field.kind]))
            found |= {f"{field.name}_type": chosen, field.name: random_table(rng, chosen)}
        else:
            value = _value(rng, field.kind)
            if not _is_default(field, value):
                found[field.name] = value
    return found


def _is_default(field: Field, value: Any) -> bool:
    if field.kind in ENUMS:
        return bool(value == ENUMS[field.kind][0])
    return field.kind in NUMBERS and value == 0


def _value(rng: np.random.Generator, kind: str) -> Any:
    if kind == "string":
        return "".join(rng.choice(list(_LETTERS), rng.integers(1, 9)))
    if kind == "float":
        return struct.unpack("<f", struct.pack("<f", rng.normal()))[0]
    if kind in NUMBERS:
        low, high = {"ubyte": (0, 256), "uint": (0, 2**32), "int": (-(2**31), 2**31)}[kind]
        return int(rng.integers(low, high))
    if kind in ENUMS:
        return str(rng.choice(ENUMS[kind]))
    return random_table(rng, kind)
