"""The operators that the evaluator knows: MIL operator -> the function that computes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from _edgeship.export.coreml.evaluator.mil.program import Argument, Array, Operation


@dataclass(frozen=True)
class Call:
    """One execution of an operator.

    Attributes:
        operation: What is executed.
        arguments: Parameter -> value. Tensors are arrays of the type they have in the program
            (fp16 is NumPy's float16), scalars arrays without axes, strings are str.
        opset: The iOS version of the program's operator set, such as 16: a few operators changed.
        tensors: Parameter -> float32 tensor, for floating point constants: made once, not for each
            execution.
    """

    operation: Operation
    arguments: Mapping[str, Argument]
    opset: int
    tensors: Mapping[str, torch.Tensor] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        """Return a required argument."""
        return self.arguments[name]

    def get(self, name: str, default: Any) -> Any:
        """Return an argument, or the default that MIL's documentation gives."""
        return self.arguments.get(name, default)

    def tensor(self, name: str) -> torch.Tensor:
        """Return a required argument as a float32 tensor, which must not be written to."""
        if name in self.tensors:
            return self.tensors[name]
        array = np.asarray(self.arguments[name], np.float32)
        return torch.from_numpy(array if array.flags.writeable else array.copy())

    def integers(self, name: str, default: list[int] | None = None) -> list[int]:
        """Return a vector of integers, which is required if there is no default."""
        if default is not None and name not in self.arguments:
            return default
        return [int(value) for value in np.asarray(self.arguments[name]).reshape(-1)]


Computation = Callable[[Call], Argument | tuple[Array, ...]]

COMPUTATIONS: dict[str, Computation] = {}


def computes(*kinds: str) -> Callable[[Computation], Computation]:
    """Register a function that computes these MIL operators.

    It returns one array per output. Whoever runs it compares the shape with the program's, and
    rounds to the output's type.
    """

    def register(function: Computation) -> Computation:
        for kind in kinds:
            COMPUTATIONS[kind] = function
        return function

    return register
