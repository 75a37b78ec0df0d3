"""Names of inputs and outputs that files of every target can hold."""

from __future__ import annotations

import re

#: Words of the language of ML programs, which coremltools does not take as names.
RESERVED = frozenset({"any", "bool", "program", "func", "tensor", "list", "dict", "tuple"})
RESERVED |= {"true", "false", "string", "state", "bf16", "fp16", "fp32", "fp64"}
RESERVED |= {"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}

_VALID = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_valid(name: str) -> bool:
    """Return whether files of every target can call an input or output like this."""
    return _VALID.fullmatch(name) is not None and name not in RESERVED


def valid(name: str, kind: str) -> str:
    """Return a name that is valid, as near to the given one as possible.

    Args:
        name: Any text.
        kind: ``input`` or ``output``, which stands before what begins with a digit.
    """
    if is_valid(name):
        return name
    text = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")
    if not text or text[0].isdigit():
        text = f"{kind}_{text}".rstrip("_")
    return f"{text}_" if text in RESERVED else text
