"""What flows between the operators of an ML program: variables and constants by name."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from _edgeship.export.coreml.evaluator.mil.program import (
    Argument,
    Array,
    MilProgram,
    Operation,
    Variable,
)


class Wiring:
    """Looks up what the inputs of operators are.

    Attributes:
        variables: Every variable of the program by its name.
        producers: The operator that computes a variable, by the variable's name.
    """

    def __init__(self, program: MilProgram) -> None:
        self.variables = {variable.name: variable for variable in program.variables}
        self.producers: dict[str, Operation] = {}
        for operation in program.operations:
            for output in operation.outputs:
                self.variables[output.name] = output
                self.producers[output.name] = operation

    def names(self, operation: Operation) -> Iterator[tuple[str, str]]:
        """Yield the parameters of an operator, each with the name of a variable bound to it."""
        for parameter, bound in operation.inputs.items():
            if isinstance(bound, tuple):
                yield from ((parameter, name) for name in bound)

    def inputs(self, operation: Operation) -> list[Variable]:
        """Return the variables that an operator reads, without constants."""
        found = []
        for _, name in self.names(operation):
            producer = self.producers.get(name)
            if (producer is None or producer.kind != "const") and name in self.variables:
                found.append(self.variables[name])
        return found

    def bound(self, operation: Operation, parameter: str) -> str:
        """Return the name of the one variable that is bound to a parameter, or ""."""
        names = operation.inputs.get(parameter)
        return names[0] if isinstance(names, tuple) and len(names) == 1 else ""

    def producer(self, operation: Operation, parameter: str) -> Operation | None:
        """Return what computes the one variable that is bound to a parameter, if anything."""
        return self.producers.get(self.bound(operation, parameter))

    def constant(self, operation: Operation, parameter: str) -> Argument | None:
        """Return the constant given for a parameter, or None if it is computed or left out."""
        bound = operation.inputs.get(parameter)
        if bound is None:
            return operation.attributes.get(parameter)
        if not isinstance(bound, tuple):
            return bound
        producer = self.producer(operation, parameter)
        if producer is None or producer.kind != "const":
            return None
        return producer.attributes.get("val")

    def array(self, operation: Operation, parameter: str) -> Array | None:
        """Return the constant given for a parameter as an array, or None if it is no array."""
        value = self.constant(operation, parameter)
        if value is None or isinstance(value, str):
            return None
        return np.asarray(value)


def stores(operation: Operation) -> bool:
    """Return whether an operator only stores or unpacks a constant."""
    return operation.kind == "const" or operation.kind.startswith("constexpr_")
