"""The metadata that a file was found to have, whoever wrote it, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from _edgeship.errors import InputError
from _edgeship.export.tflite.metadata.attached import Attached, attached
from _edgeship.export.tflite.metadata.unpacking import unpack

#: What files of labels are called in the schema: of the elements of an axis, and of values.
LABEL_KINDS = ("TENSOR_AXIS_LABELS", "TENSOR_VALUE_LABELS")

_NO_FILE = "readers of metadata refuse the whole file"


@dataclass(frozen=True)
class Found:
    """What a file says of itself.

    Attributes:
        table: The metadata, with the names of the schema; empty where there are none, or none that
            can be read.
        files: The files at the end.
        problems: What is wrong, a sentence each.
    """

    table: Mapping[str, Any]
    files: Mapping[str, Attached]
    problems: tuple[str, ...]

    def __bool__(self) -> bool:
        """Return whether there is anything to tell."""
        return bool(self.table or self.files or self.problems)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as plain values, ready for JSON; of the files their sizes."""
        return {
            "metadata": _plain(self.table),
            "files": {name: file.size for name, file in self.files.items()},
            "problems": list(self.problems),
        }

    def tensors(self, side: str) -> list[Mapping[str, Any]]:
        """Return what is said of the inputs or outputs, in the order of the file's.

        Args:
            side: ``input`` or ``output``.
        """
        graphs = self.table.get("subgraph_metadata", [])
        return list(graphs[0].get(f"{side}_tensor_metadata", [])) if graphs else []

    def labels(self, tensor: Mapping[str, Any]) -> list[str]:
        """Return the names of the classes of an output, as far as they can be read."""
        for name in _label_files(tensor):
            if name in self.files:
                return lines(self.files[name].content)
        return []


def find(data: bytes, packed: bytes | None, outputs: Sequence[tuple[int, ...]]) -> Found:
    """Return what a file says of itself.

    Args:
        data: The file.
        packed: The metadata in it; None if there are none.
        outputs: Shapes of its outputs.
    """
    table: Mapping[str, Any] = {}
    files: Mapping[str, Attached] = {}
    problems: list[str] = []
    try:
        table = {} if packed is None else unpack(packed)
    except InputError as error:
        problems.append(_sentence(error))
    try:
        files = attached(data)
    except InputError as error:
        problems.append(_sentence(error))
    else:
        problems += _wrong_files(table, files)
    found = Found(table, files, ())
    problems += _wrong_counts(found, outputs)
    return Found(table, files, tuple(problems))


def lines(content: bytes) -> list[str]:
    """Return the lines of a file of labels."""
    return content.decode("utf-8", errors="replace").splitlines()


def _plain(part: Any) -> Any:
    """Return a part of the metadata with bytes as their number, in words."""
    if isinstance(part, Mapping):
        return {key: _plain(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_plain(one) for one in part]
    return f"{len(part)} bytes" if isinstance(part, bytes) else part


def _sentence(error: InputError) -> str:
    return f"{error.what.removesuffix('.')}: {error.why}."


def _wrong_files(table: Mapping[str, Any], files: Mapping[str, Attached]) -> Iterator[str]:
    """Yield what is wrong with the files that the metadata name."""
    for name in sorted(_named(table)):
        if name not in files:
            yield f"The metadata name the file {name}, which is not at the end: {_NO_FILE}."
        elif files[name].compressed:
            yield f"The file {name} at the end is compressed: {_NO_FILE}."


def _named(part: Any) -> set[str]:
    """Return the names of all associated files in a part of the metadata."""
    names: set[str] = set()
    if isinstance(part, Mapping):
        for key, value in part.items():
            if key in ("associated_files", "vocab_file", "sentencePiece_model"):
                names |= {file["name"] for file in value if "name" in file}
            else:
                names |= _named(value)
    elif isinstance(part, list):
        for one in part:
            names |= _named(one)
    return names


def _wrong_counts(found: Found, outputs: Sequence[tuple[int, ...]]) -> Iterator[str]:
    """Yield where there are more or fewer descriptions or labels than what they belong to."""
    said = found.tensors("output")
    if said and len(said) != len(outputs):
        yield f"The metadata tell of {len(said)} outputs, and the file has {len(outputs)}."
        return
    for tensor, shape in zip(said, outputs, strict=False):
        names = found.labels(tensor)
        if names and _label_files(tensor, LABEL_KINDS[:1]) and len(names) not in shape:
            name, has = tensor.get("name", "an output"), "x".join(map(str, shape))
            yield f"{len(names)} classes are named for {name}, whose shape is {has}."


def _label_files(tensor: Mapping[str, Any], kinds: Sequence[str] = LABEL_KINDS) -> list[str]:
    """Return the names of an output's files of labels; those in a language of their own last."""
    files = [one for one in tensor.get("associated_files", []) if one.get("type") in kinds]
    files.sort(key=lambda one: bool(one.get("locale")))
    return [one["name"] for one in files if "name" in one]
