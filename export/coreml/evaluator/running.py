"""Executes a program, operator by operator."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from _edgeship.errors import EdgeshipError, InputError, UnsupportedError
from _edgeship.export.coreml.evaluator.mil.dtypes import NUMPY
from _edgeship.export.coreml.evaluator.mil.program import (
    Argument,
    Array,
    MilProgram,
    Operation,
    Variable,
)
from _edgeship.export.coreml.evaluator.ops import COMPUTATIONS
from _edgeship.export.coreml.evaluator.ops.arguments import MOST_ELEMENTS, place
from _edgeship.export.coreml.evaluator.ops.registry import Call

#: Elements of all constants together, once they are expanded.
_MOST_CONSTANT_ELEMENTS = 2**30

#: Parameters that take a list of tensors, even if it holds only one.
_LISTS = frozenset({"begins", "end_masks", "ends", "ref_tensors", "values"})

# What NumPy, torch and a missing parameter raise where arguments do not fit.
_FAILURES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)


def unknown_operators(program: MilProgram) -> list[str]:
    """Return the kinds of operators that the evaluator cannot execute, sorted."""
    return sorted({one.kind for one in program.operations} - set(COMPUTATIONS))


def run(
    program: MilProgram, feeds: Mapping[str, Array], keep: Collection[str] = ()
) -> dict[str, Array]:
    """Execute a program once; `Evaluator` is for many samples.

    Args:
        program: What to execute.
        feeds: As for `Evaluator.run`.
        keep: As for `Evaluator.run`.

    Raises:
        InputError: The feeds do not fit the program, or the program contradicts itself.
        UnsupportedError: It has operators that are not known.
    """
    return Evaluator(program).run(feeds, keep)


@dataclass(frozen=True)
class _Step:
    """An operator that reads more than constants, made ready.

    Attributes:
        operation: What is executed.
        constants: Parameter -> value, for the arguments that are constant.
        tensors: Those of them that are floating point, as float32 tensors.
        reads: Parameter -> names of the variables bound to it, for all other arguments.
        frees: Names of variables that no later step reads.
    """

    operation: Operation
    constants: Mapping[str, Argument]
    tensors: Mapping[str, torch.Tensor]
    reads: Mapping[str, tuple[str, ...]]
    frees: tuple[str, ...]


class Evaluator:
    """A program ready to run: constants are expanded once and kept between samples.

    Tensors are arrays of the type that they have in the program. Operators compute in float32, and
    each result is rounded to the type that the program gives it before another operator reads it.

    Args:
        program: What to execute.

    Raises:
        InputError: The program contradicts itself.
        UnsupportedError: It has operators that are not known.
    """

    def __init__(self, program: MilProgram) -> None:
        unknown = unknown_operators(program)
        if unknown:
            raise UnsupportedError(
                f"The evaluator does not know {', '.join(unknown)}.",
                where="the program's operators",
            )
        self.program = program
        self._opset = _opset(program.opset)
        self._constants: dict[str, Argument] = {}
        self._tensors: dict[str, torch.Tensor] = {}
        self._expanded = 0
        self._steps: list[_Step] = []
        with torch.inference_mode(), np.errstate(all="ignore"):
            for operation in program.operations:
                self._prepare(operation)
        self._plan_frees()

    def run(self, feeds: Mapping[str, Array], keep: Collection[str] = ()) -> dict[str, Array]:
        """Execute the program on one sample.

        Args:
            feeds: An array for each of the program's variables, with its shape; numbers are
                rounded to its type. An image is fed as its tensor: (1, C, H, W), 0 to 255, channels
                in the order of its colour layout.
            keep: Names of further variables to return.

        Returns:
            The program's results by name, and what ``keep`` asks for. A classifier's label is an
            array without axes; its dictionary is an array of the probabilities in the order of
            the classes.

        Raises:
            InputError: The feeds do not fit the program, or an operator fails.
        """
        values: dict[str, Argument] = dict(self._fed(feeds))
        wanted = {*self.program.results, *keep}
        with torch.inference_mode(), np.errstate(all="ignore"):
            for step in self._steps:
                arguments = dict(step.constants)
                for parameter, names in step.reads.items():
                    found = [self._lookup(values, name) for name in names]
                    arguments[parameter] = found if _is_list(parameter, names) else found[0]
                outputs = self._execute(step.operation, arguments, step.tensors)
                for variable, output in zip(step.operation.outputs, outputs, strict=True):
                    values[variable.name] = output
                for name in step.frees:
                    if name not in wanted:
                        del values[name]
        return {name: np.asarray(self._lookup(values, name)) for name in sorted(wanted)}

    def _lookup(self, values: Mapping[str, Argument], name: str) -> Argument:
        if name in values:
            return values[name]
        if name in self._constants:
            return self._constants[name]
        raise InputError(f"The program has no variable {name!r}.")

    def _prepare(self, operation: Operation) -> None:
        """Execute an operator now if it reads nothing but constants; else plan a step for it."""
        for variable in operation.outputs:
            _demand_count(variable)
        constants: dict[str, Argument] = {
            name: value for name, value in operation.attributes.items() if name != "name"
        }
        tensors: dict[str, torch.Tensor] = {}
        reads: dict[str, tuple[str, ...]] = {}
        for parameter, given in operation.inputs.items():
            if not isinstance(given, tuple):
                constants[parameter] = given
            elif any(name not in self._constants for name in given):
                reads[parameter] = given
            elif _is_list(parameter, given):
                constants[parameter] = [self._constants[name] for name in given]
            else:
                constants[parameter] = self._constants[given[0]]
                tensor = self._tensor(given[0])
                if tensor is not None:
                    tensors[parameter] = tensor
        if reads:
            self._steps.append(_Step(operation, constants, tensors, reads, ()))
            return
        outputs = self._execute(operation, constants, tensors)
        for variable, output in zip(operation.outputs, outputs, strict=True):
            self._constants[variable.name] = output
            self._expanded += output.size if isinstance(output, np.ndarray) else 0
        if self._expanded > _MOST_CONSTANT_ELEMENTS:
            raise InputError(
                "The constants of this package are too large.",
                why=f"Expanded, they have more than {_MOST_CONSTANT_ELEMENTS} elements.",
            )

    def _tensor(self, name: str) -> torch.Tensor | None:
        """Return a floating point constant as a float32 tensor, made once for all its readers."""
        constant = self._constants[name]
        if not isinstance(constant, np.ndarray) or constant.dtype.kind != "f" or not constant.ndim:
            return None
        if name not in self._tensors:
            self._tensors[name] = torch.from_numpy(np.array(constant, np.float32))
        return self._tensors[name]

    def _plan_frees(self) -> None:
        """Let each step free the variables that no later step reads."""
        seen: set[str] = set()
        for number in reversed(range(len(self._steps))):
            step = self._steps[number]
            touched = {name for names in step.reads.values() for name in names}
            touched |= {variable.name for variable in step.operation.outputs}
            last = tuple(sorted(touched - seen - set(self._constants)))
            seen |= touched
            self._steps[number] = _Step(
                step.operation, step.constants, step.tensors, step.reads, last
            )

    def _execute(
        self,
        operation: Operation,
        arguments: Mapping[str, Argument],
        tensors: Mapping[str, torch.Tensor],
    ) -> list[Argument]:
        call = Call(operation, arguments, self._opset, tensors)
        try:
            computed: Any = COMPUTATIONS[operation.kind](call)
        except EdgeshipError as error:
            error.where = error.where or place(operation)
            raise
        except _FAILURES as error:
            reason = str(error).strip().splitlines() or [""]
            raise InputError(
                f"An operator of the program cannot be executed: {operation.kind}.",
                where=place(operation),
                why=f"{type(error).__name__}: {reason[0]}",
            ) from error
        outputs = computed if isinstance(computed, tuple) else (computed,)
        if len(outputs) != len(operation.outputs):
            raise InputError(
                f"{operation.kind} has {len(outputs)} outputs, not {len(operation.outputs)}.",
                where=place(operation),
            )
        return [
            _rounded(output, variable, place(operation))
            for output, variable in zip(outputs, operation.outputs, strict=True)
        ]

    def _fed(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        expected = {variable.name for variable in self.program.variables}
        if set(feeds) != expected:
            raise InputError(
                "The samples do not have the inputs of the package.",
                why=f"They have {sorted(feeds)}; it takes {sorted(expected)}.",
            )
        return {
            variable.name: _rounded(np.asarray(feeds[variable.name]), variable, "an input")
            for variable in self.program.variables
        }


def _opset(name: str) -> int:
    match = re.fullmatch(r"CoreML(\d{1,3})", name)
    if match is None:
        raise UnsupportedError(f"The operator set {name!r} is not known.")
    return 10 + int(match[1])


def _is_list(parameter: str, names: tuple[str, ...]) -> bool:
    return parameter in _LISTS or len(names) != 1


def _demand_count(variable: Variable) -> None:
    if variable.shape is not None and math.prod(variable.shape) > MOST_ELEMENTS:
        raise InputError(
            "A tensor of the program is too large to evaluate.",
            where=variable.name,
            why=f"Its shape is {list(variable.shape)}.",
        )


def _rounded(value: Argument, variable: Variable, where: str) -> Any:
    """Return a value rounded to the type that the program says.

    Raises:
        InputError: It has another shape or kind of type (float, integer, bool) than it says.
    """
    if variable.dtype not in NUMPY or not isinstance(value, np.ndarray | np.generic):
        return value
    dtype = NUMPY[variable.dtype]
    if variable.shape is not None and value.shape != variable.shape:
        raise InputError(
            f"{variable.name} does not have the shape that the program says.",
            where=where,
            why=f"It is {list(value.shape)}; the program says {list(variable.shape)}.",
        )
    if value.dtype == dtype:
        return value
    if _kind(value.dtype) != _kind(dtype):
        raise InputError(
            f"{variable.name} does not have the type that the program says.",
            where=where,
            why=f"It is {value.dtype.name}; the program says {variable.dtype}.",
        )
    return value.astype(dtype)


def _kind(dtype: np.dtype[Any]) -> str:
    return "i" if dtype.kind == "u" else dtype.kind
