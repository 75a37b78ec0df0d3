"""What processes of untrusted files and those who ask them say to each other.

Requests are trusted. Answers come from a process in which a file may have overwritten memory, so
that only plain values, arrays, and our own records are read from them.
"""

from __future__ import annotations

import io
import pickle
import socket
import struct
from dataclasses import is_dataclass
from typing import Any

import numpy as np

#: The most bytes of an answer.
MOST_BYTES = 8 << 30

_LENGTH = struct.Struct("<Q")
_CHUNK_BYTES = 1 << 20

#: What arrays are read with, beside types of NumPy's.
_OF_ARRAYS = {
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}

#: Types of Python's own that have no bytes of their own in the format, and those of paths.
_PLAIN = {
    ("builtins", "set"),
    ("builtins", "frozenset"),
    ("builtins", "slice"),
    ("builtins", "bytearray"),
    ("collections", "OrderedDict"),
    ("pathlib", "PosixPath"),
    ("pathlib._local", "PosixPath"),
}


def write(line: socket.socket, value: Any) -> None:
    """Send a value.

    Raises:
        OSError: Nobody is there any more.
    """
    data = pickle.dumps(value, protocol=5)
    line.sendall(_LENGTH.pack(len(data)))
    line.sendall(data)


def read(line: socket.socket) -> Any:
    """Return what a trusted process sent.

    Raises:
        EOFError: It has ended.
    """
    return pickle.loads(_received(line))  # noqa: S301 - requests are ours


def read_answer(line: socket.socket) -> Any:
    """Return what the process of a file sent.

    Raises:
        EOFError: It has ended, or sent something else than values.
    """
    data = _received(line)
    try:
        return _Values(io.BytesIO(data)).load()
    # Damaged data makes the reader raise nearly anything.
    except Exception as error:
        raise EOFError(f"it gave no readable answer: {error}") from error


def _received(line: socket.socket) -> bytearray:
    (length,) = _LENGTH.unpack(_exactly(line, _LENGTH.size))
    if length > MOST_BYTES:
        raise EOFError(f"it gave an answer of {length:,} bytes")
    return _exactly(line, length)


def _exactly(line: socket.socket, length: int) -> bytearray:
    data = bytearray()
    while len(data) < length:
        chunk = line.recv(min(_CHUNK_BYTES, length - len(data)))
        if not chunk:
            raise EOFError
        data += chunk
    return data


class _Values(pickle.Unpickler):
    """Reads values, and calls nothing but what makes arrays and our records."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a type that answers are made of.

        Raises:
            pickle.UnpicklingError: It is none.
        """
        if (module, name) in _OF_ARRAYS | _PLAIN:
            return super().find_class(module, name)
        if module in ("numpy", "numpy.dtypes"):
            found = super().find_class(module, name)
            if isinstance(found, type) and issubclass(found, np.generic | np.dtype):
                return found
        if module.startswith("_edgeship."):
            found = super().find_class(module, name)
            if isinstance(found, type) and is_dataclass(found):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no value")
