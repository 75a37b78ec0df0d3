"""Reading a program out of an .aimodel folder: operators, inputs and outputs, constants.

It imports nothing of edgeship, and is the program of a process, too: the reader of MLIR's bytecode
was not made for damaged files, which may end its process. That gets a folder that holds
``model.aimodel``, and writes what is found to ``program.json`` and ``constants.npz``.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from coreai._compiler._mlir_libs._coreaiIR._bindings.compiler import copy_constant_value_to_array
from coreai._compiler.ir import DenseResourceElementsAttr
from coreai.authoring import AIModelAsset

#: MLIR's names of types -> NumPy's, and how many bits one number takes in the file.
TYPES: dict[str, tuple[str, int]] = {
    "f32": ("float32", 32),
    "f16": ("float16", 16),
    "f64": ("float64", 64),
    "si64": ("int64", 64),
    "ui64": ("uint64", 64),
    "si32": ("int32", 32),
    "ui32": ("uint32", 32),
    "si16": ("int16", 16),
    "ui16": ("uint16", 16),
    "si8": ("int8", 8),
    "ui8": ("uint8", 8),
    "si4": ("int4", 4),
    "ui6": ("uint6", 6),
    "ui4": ("uint4", 4),
    "ui3": ("uint3", 3),
    "si2": ("int2", 2),
    "ui2": ("uint2", 2),
    "ui1": ("uint1", 1),
    "i1": ("bool", 8),
}

Facts = dict[str, Any]

#: A shape, -1 where an extent is open, and MLIR's name of the element type.
Type = tuple[tuple[int, ...], str]


def read(path: Path) -> tuple[Facts, dict[str, np.ndarray]]:
    """Return what a program holds.

    Args:
        path: The .aimodel folder.

    Returns:
        Plain values: ``functions``, each with its ``name``, ``inputs`` and ``outputs`` (name, type,
        number) and ``operations`` (kind, operands and results by numbers, types of the results, the
        name of a constant), where a type is a shape and an element type; and name -> the numbers of
        each constant, those of fewer than 8 bits as they are packed.

    Raises:
        RuntimeError: It is damaged.
    """
    program = AIModelAsset.load(path).program
    module = program._module._mlir_module
    constants: dict[str, np.ndarray] = {}
    functions = [_function(graph, constants) for graph in _graphs(module.body.operations)]
    return {"functions": functions}, constants


def _graphs(operations: Any) -> Iterator[Any]:
    for operation in operations:
        if operation.operation.name == "coreai.graph":
            yield operation


def _function(graph: Any, constants: dict[str, np.ndarray]) -> Facts:
    block = graph.regions[0].blocks[0]
    numbers: dict[Any, int] = {}

    def number(value: Any) -> int:
        return numbers.setdefault(value, len(numbers))

    inputs = [
        (_name(attributes), parsed(str(value.type)), number(value))
        for attributes, value in zip(graph.arg_attrs, graph.arguments, strict=True)
    ]
    operations: list[Facts] = []
    outputs: list[tuple[str, Type, int]] = []
    for view in block.operations:
        operation = view.operation
        kind = operation.name.removeprefix("coreai.").removeprefix("decomposable.")
        if kind == "output":
            ends = list(operation.operands)
            outputs = [
                (_name(attributes), parsed(str(value.type)), number(value))
                for attributes, value in zip(graph.res_attrs, ends, strict=True)
            ]
            continue
        found: Facts = {
            "kind": kind,
            "operands": [number(value) for value in operation.operands],
            "results": [number(value) for value in operation.results],
            "types": [parsed(str(value.type)) for value in operation.results],
        }
        if kind == "constant":
            place = f"%{found['results'][0]}"
            data = _data(operation, found["types"][0])
            name = _blob(operation.attributes["value"]) or place
            if data is not None:
                # Constants of equal bytes share a blob, and its name, whatever their types are.
                kept = constants.setdefault(name, data)
                if (kept.dtype, kept.shape) != (data.dtype, data.shape):
                    name = f"{name} {place}"
                    constants[name] = data
            found["constant"] = name
        operations.append(found)
    return {
        "name": graph.sym_name.value,
        "inputs": inputs,
        "outputs": outputs,
        "operations": operations,
    }


def _name(attributes: Any) -> str:
    """Return the name of an input or output, as ``{coreai.name = "x"}`` has it."""
    return str(attributes["coreai.name"].value) if "coreai.name" in attributes else ""


def _blob(attribute: Any) -> str:
    """Return the name of a constant that lies apart from the operators, or ""."""
    if not DenseResourceElementsAttr.isinstance(attribute):
        return ""
    text = str(attribute)
    return text[text.index("<") + 1 : text.rindex("> :")].strip('"')


def _data(operation: Any, kind: Type) -> np.ndarray | None:
    """Return the numbers of a constant; None for types that NumPy does not have."""
    shape, element = kind
    if element not in TYPES:
        return None
    name, bits = TYPES[element]
    count = math.prod(shape)
    room = np.zeros(-(-count * bits // 8), np.uint8)
    copy_constant_value_to_array(constant_op=operation, destination=room)
    if bits < 8:
        return room
    return room.view(np.dtype(name)).reshape(shape)


def parsed(kind: str) -> Type:
    """Return a type such as ``tensor<1x3x8xf32>``; one that is no tensor's has no shape."""
    if not kind.startswith("tensor<"):
        return (), kind
    inside = kind.removeprefix("tensor<").partition(",")[0].rstrip(">")
    *extents, element = inside.split("x")
    return tuple(-1 if one == "?" else int(one) for one in extents), element


def main(folder: Path) -> None:
    """Write down what is found."""
    facts, constants = read(folder / "model.aimodel")
    (folder / "program.json").write_text(json.dumps(facts))
    # With a letter before, since an argument of savez has the name "file".
    named = {f"_{name}": data for name, data in constants.items()}
    np.savez(folder / "constants.npz", **named)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
