"""Metadata as rows of a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from _edgeship.export.tflite.metadata.found import Found

#: Fields of the network as a whole, in the order that they are shown in.
_WHOLE = ("name", "description", "version", "author", "license", "min_parser_version")

#: How many names of classes are shown.
_SHOWN = 3


def rows(found: Found) -> Iterator[tuple[str, str]]:
    """Yield what a file says of itself, its inputs and outputs, and what is wrong with it."""
    for key in _WHOLE:
        if found.table.get(key):
            yield key.replace("_", " "), found.table[key]
    for side in ("input", "output"):
        for number, tensor in enumerate(found.tensors(side)):
            name = tensor.get("name", f"number {number}")
            yield f"{side} {name}", "; ".join(_facts(found, tensor)) or "nothing more"
    for name, file in found.files.items():
        yield f"file {name}", f"{file.size:,} bytes{', compressed' if file.compressed else ''}"
    for problem in found.problems:
        yield "PROBLEM", problem


def _facts(found: Found, tensor: Mapping[str, Any]) -> Iterator[str]:
    if tensor.get("description"):
        yield tensor["description"].removesuffix(".")
    content = tensor.get("content", {})
    if content.get("content_properties_type") == "ImageProperties":
        yield _image(content.get("content_properties", {}))
    for unit in tensor.get("process_units", []):
        kind, options = unit.get("options_type", "nothing"), unit.get("options", {})
        if kind == "NormalizationOptions":
            mean, std = (_numbers(options.get(key, [])) for key in ("mean", "std"))
            yield f"(value - {mean}) / {std}, of values from 0 to 255"
        else:
            yield kind
    names = found.labels(tensor)
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"classes {', '.join(names[:_SHOWN])}{more}"


def _image(properties: Mapping[str, Any]) -> str:
    size = properties.get("default_size", {})
    words = f"image, {properties.get('color_space', 'colours not said')}"
    return (
        f"{words}, {size['width']} x {size['height']}"
        if {"width", "height"} <= set(size)
        else words
    )


def _numbers(values: Sequence[float]) -> str:
    words = ", ".join(f"{value:.6g}" for value in values)
    return f"({words})" if len(values) > 1 else words
