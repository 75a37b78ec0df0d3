"""An ML program as the evaluator reads it from a package: plain values, constants loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

#: What an operator is given: a tensor, a string, or a list of tensors (as `concat` takes).
Argument = Array | str | bool | int | float | list[Any]


@dataclass(frozen=True)
class Variable:
    """What an operator computes, or what the program is fed.

    Attributes:
        name: Unique in the program.
        dtype: MIL's name of its element type: fp16, fp32, int32, int8, uint8, bool, string, ...
        shape: Static shape; None where the program leaves a dimension open.
    """

    name: str
    dtype: str
    shape: tuple[int, ...] | None


@dataclass(frozen=True)
class Operation:
    """One operator.

    Attributes:
        kind: Its name in MIL, such as ``conv``.
        inputs: Parameter -> the names of the variables bound to it (several for a list), or a
            constant written in place.
        outputs: What it computes.
        attributes: Constants that belong to it, such as the ``val`` of a ``const``.
        dtypes: MIL's names of the element types of its constants, by parameter or attribute:
            NumPy has no int4, for example, so the arrays do not show them.
    """

    kind: str
    inputs: Mapping[str, tuple[str, ...] | Argument]
    outputs: tuple[Variable, ...]
    attributes: Mapping[str, Argument] = field(default_factory=dict)
    dtypes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ImagePort:
    """An input or output that is a picture.

    Attributes:
        color: RGB, BGR or GRAYSCALE.
        width: In pixels.
        height: In pixels.
    """

    color: str
    width: int
    height: int


@dataclass(frozen=True)
class Feature:
    """An input or output as the application sees it.

    Attributes:
        name: Of the feature, which is also the variable's.
        dtype: NumPy's name of the array's element type (float32, float16, int32), ``string`` or
            ``dictionary`` for what a classifier returns, ``image`` for a picture.
        shape: Of the array; (N, C, H, W) for a picture; () for others.
        image: What kind of picture, if it is one.
        description: For people.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    image: ImagePort | None = None
    description: str = ""


@dataclass(frozen=True)
class MilProgram:
    """A whole package.

    Attributes:
        specification_version: Core ML's, which says the oldest iOS: 6 is iOS 15, 9 is iOS 18.
        opset: Of the function ``main``, such as CoreML6.
        inputs: What the application gives.
        outputs: What it gets.
        variables: The function's inputs, in order.
        operations: In order of execution.
        results: Names of the variables that the function returns.
        metadata: author, license, version, short_description, and the user-defined entries.
        labels: Classes of a classifier, in order; empty for others.
        predicted_feature: Name of a classifier's output that is the label, or "".
    """

    specification_version: int
    opset: str
    inputs: tuple[Feature, ...]
    outputs: tuple[Feature, ...]
    variables: tuple[Variable, ...]
    operations: tuple[Operation, ...]
    results: tuple[str, ...]
    metadata: Mapping[str, str]
    labels: tuple[str, ...] = ()
    predicted_feature: str = ""
