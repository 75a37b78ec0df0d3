"""The lowest operator versions that express a TFLite model, and the oldest runtime that has them.

A runtime refuses a file that asks for an operator version it does not know, so asking for more
than is used locks out phones for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from _edgeship.errors import UnsupportedError
from _edgeship.export.tflite.objects import custom_code, kind_of
from _edgeship.export.tflite.schema_names import OPERATOR_NAMES
from _edgeship.export.tflite.version_rules import Node
from _edgeship.export.tflite.version_table import OPERATORS

_OLDEST_RUNTIME = "1.5.0"
# The old field for the kind of operator is a signed byte; its last value says "see the new field".
_LAST_DEPRECATED_CODE = 127


def set_lowest_versions(model: schema.ModelT) -> str:
    """Give every operator of a model the lowest version that expresses it.

    Rewrites ``model.operatorCodes``: one per pair of operator and version that is used, in the
    order of first use, with the deprecated code that old runtimes read. The operators'
    ``opcodeIndex`` are updated.

    Custom operators have no versions. Whether a runtime has them is for whoever adds one to say.

    Args:
        model: The model; changed in place.

    Returns:
        The oldest runtime release that has all these versions, such as "1.14.0": what TensorFlow
        stores as the metadata ``min_runtime_version``. It is a lower bound, since some kernels
        learned to take a tensor without getting a new version.

    Raises:
        UnsupportedError: An operator is not in the table of versions.
    """
    indices: dict[tuple[int, int, str | None], int] = {}
    runtimes = {_OLDEST_RUNTIME}
    for subgraph in model.subgraphs:
        for operator in _listed(subgraph.operators):
            kind, custom = kind_of(model, operator), custom_code(model, operator)
            name = OPERATOR_NAMES.get(kind, f"number {kind}")
            version, runtime = 1, _OLDEST_RUNTIME
            if custom is None:
                version, runtime = lowest_version(name, _node(operator, subgraph.tensors))
            key = (kind, version, custom)
            operator.opcodeIndex = indices.setdefault(key, len(indices))
            runtimes.add(runtime)
    model.operatorCodes = [_operator_code(*pair) for pair in indices]
    return max(runtimes, key=lambda runtime: [int(part) for part in runtime.split(".")])


def lowest_version(name: str, node: Node) -> tuple[int, str]:
    """Find the lowest version of an operator that has all the features it uses.

    Versions are cumulative, so this is the highest version that added a used feature. (TensorFlow
    instead takes the first rule that holds, which can hide a newer feature behind an older one: a
    fully connected layer without bias, version 6, whose inputs are quantized asymmetrically,
    version 9.)

    Args:
        name: The operator's name in the schema, such as "CONV_2D".
        node: The operator's tensors and options.

    Returns:
        The version, and the first runtime release that has it.

    Raises:
        UnsupportedError: The operator is not in the table of versions.
    """
    if name not in OPERATORS:
        raise UnsupportedError(
            f"The version of the TFLite operator {name} is not known.",
            where="choosing operator versions",
            why="without it nobody can say which runtimes would load the file",
            todo="add the operator to export/tflite/version_table.py",
        )
    row, rules = OPERATORS[name]
    runtimes = row.split()
    first = next(version for version, runtime in enumerate(runtimes, start=1) if runtime != "-")
    used = [version for version, rule in rules.items() if rule(node)]
    version = max([first, *used])
    return version, runtimes[version - 1]


def _listed(values: Iterable[Any] | None) -> list[Any]:
    """The object API has None for an absent vector and arrays for vectors of numbers."""
    return [] if values is None else list(values)


def _node(operator: schema.OperatorT, tensors: list[schema.TensorT]) -> Node:
    inputs = (tensors[index] if index >= 0 else None for index in _listed(operator.inputs))
    outputs = (tensors[index] for index in _listed(operator.outputs))
    return Node(tuple(inputs), tuple(outputs), operator.builtinOptions)


def _operator_code(builtin: int, version: int, custom: str | None) -> schema.OperatorCodeT:
    return schema.OperatorCodeT(
        customCode=custom,
        deprecatedBuiltinCode=min(builtin, _LAST_DEPRECATED_CODE),
        builtinCode=builtin,
        version=version,
    )
