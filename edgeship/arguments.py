"""Arguments as Python programs like to give them, made into what the export takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from _edgeship.errors import InputError, UnsupportedError

ClassNames = str | Path | Sequence[str]
"""Names of classes, in the order of the scores, or a file of them."""

Labels = ClassNames | Mapping[str, ClassNames]
"""Names of classes; or these for several outputs."""


def words(text: str | Sequence[str], name: str) -> tuple[str, ...]:
    """Return the words of an argument that takes one, a list, or several with commas."""
    listed = text.split(",") if isinstance(text, str) else list(text)
    found = tuple(dict.fromkeys(word.strip().lower() for word in listed if word.strip()))
    if not found:
        raise InputError(f"{name} is empty.")
    return found


def names(text: str | Sequence[str]) -> tuple[str, ...]:
    """Return names of tensors or layers, given as a list or with commas."""
    if not isinstance(text, str):
        return tuple(text)
    return tuple(word.strip() for word in text.split(",") if word.strip())


def labels_by_output(labels: Labels) -> Mapping[str, tuple[str, ...]] | Literal["checkpoint"]:
    """Return output -> the names of its classes; "" stands for the only one with so many."""
    from _edgeship.export.contract.labels import CHECKPOINT

    if isinstance(labels, str) and labels == CHECKPOINT:
        return CHECKPOINT
    if isinstance(labels, Mapping):
        return {name: class_names(one) for name, one in labels.items()}
    return {"": class_names(labels)} if labels else {}


def class_names(labels: ClassNames) -> tuple[str, ...]:
    """Return the names of classes, in the order of the scores.

    Raises:
        InputError: The file cannot be read, or a name is not one.
    """
    from _edgeship.export.contract.labels import checked, read_labels

    if isinstance(labels, str | Path):
        return read_labels(Path(labels))
    return checked(list(labels), "labels", "place")


def schemes(quant: str | Sequence[str]) -> tuple[str, ...]:
    """Return the quantization schemes that words stand for."""
    from _edgeship.export.contract.schemes import canonical

    return canonical(words(quant, "quant"))


def shapes_of(
    example_inputs: Any, input_shapes: Sequence[Sequence[int]]
) -> tuple[tuple[int, ...], ...]:
    """Return the shape of each input, from examples or as it is given.

    Raises:
        InputError: Both are given, or an example is no tensor.
        UnsupportedError: An example has a type that no network is exported with.
    """
    if example_inputs is None:
        return tuples(input_shapes)
    if input_shapes:
        raise InputError("Both example_inputs and input_shapes are given.", todo="give one of them")
    examples = _examples(example_inputs)
    for example in examples:
        dtype = _dtype(example)
        if not hasattr(example, "shape"):
            raise InputError(
                f"An example input is a {dtype}.", todo="give tensors or arrays of float32"
            )
        if dtype != "float32" and not dtype.startswith(("int", "uint8", "bool")):
            raise UnsupportedError(
                f"An example input has the type {dtype}.",
                why="networks are exported with inputs of float32, integers or bool",
                todo="give float32, and let the network cast it",
            )
    return tuples([example.shape for example in examples])


def dtypes_of(example_inputs: Any) -> tuple[str, ...]:
    """Return the type of each example; nothing if all are float32."""
    found = tuple(map(_dtype, () if example_inputs is None else _examples(example_inputs)))
    return found if set(found) - {"float32"} else ()


def tuples(shapes: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """Return shapes as tuples of ints."""
    return tuple(tuple(int(extent) for extent in shape) for shape in shapes)


def _examples(example_inputs: Any) -> list[Any]:
    several = isinstance(example_inputs, tuple | list)
    return list(example_inputs) if several else [example_inputs]


def _dtype(example: Any) -> str:
    return str(getattr(example, "dtype", type(example).__name__)).removeprefix("torch.")
