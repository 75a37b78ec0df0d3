"""The operators that the evaluator knows: MIL operator -> the function that computes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from export.coreml.evaluator.program import Argument, Array, Operation


@dataclass(frozen=True)
class Call:
    """One execution of an operator.

    Attributes:
        operation: What is executed.
        arguments: Parameter -> value. Tensors are arrays of the type they have in the program
            (fp16 is NumPy's float16), scalars arrays without axes, strings are str.
        opset: The iOS version of the program's operator set, such as 16: a few operators changed.
    """

    operation: Operation
    arguments: Mapping[str, Argument]
    opset: int

    def __getitem__(self, name: str) -> Any:
        """Return a required argument."""
        return self.arguments[name]

    def get(self, name: str, default: Any) -> Any:
        """Return an argument, or the default that MIL's documentation gives."""
        return self.arguments.get(name, default)


Computation = Callable[[Call], Array | tuple[Array, ...]]

COMPUTATIONS: dict[str, Computation] = {}


def computes(*kinds: str) -> Callable[[Computation], Computation]:
    """Register a function as the meaning of these MIL operators.

    It returns one array per output; the runner checks shapes against the program's and rounds to
    the output's type.
    """

    def register(function: Computation) -> Computation:
        for kind in kinds:
            COMPUTATIONS[kind] = function
        return function

    return register
