"""The inputs of an ONNX file get fixed shapes: its own, --input's, or a batch of 1."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import onnx

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.preparation.budgets import check_ports

#: What an example in a message shows for an open axis, by rank: NCHW pictures of 224.
_EXAMPLES = {3: (1, 224, 224), 4: (1, 3, 224, 224), 5: (1, 3, 8, 112, 112)}

#: Newer file formats only add types of fewer than 8 bits.
NEWEST_IR = 10

#: Under this key a model notes, separated by commas, the inputs whose first axis the file leaves
#: open and no other, whatever it was fixed to.
OPEN_BATCH = "edgeship.open_batch"

Declared = tuple[int | str, ...]
"""The extent of each axis as the file declares it: a number, or how it spells an open one."""


def fix_inputs(
    proto: onnx.ModelProto, shapes: Sequence[Shape] | Mapping[str, Shape]
) -> tuple[onnx.ModelProto, list[str]]:
    """Return a copy of a model that has fixed input shapes, and what to tell the user.

    Initializers that are listed as inputs, as older files do, are inputs no more. What the file
    says of other values' shapes is dropped: it was written for other inputs, or is wrong.

    Args:
        proto: The model.
        shapes: Shape of each input, or of each input with open axes, in the file's order; or of
            some inputs by their names; nothing to use the file's own.

    Raises:
        InputError: There are no inputs, or axes are open that ``shapes`` does not fix, or it does
            not fit the inputs.
        UnsupportedError: An input is not a tensor.
    """
    fixed = onnx.ModelProto()
    fixed.CopyFrom(proto)
    graph = fixed.graph
    constants = {tensor.name for tensor in graph.initializer}
    constants.update(tensor.values.name for tensor in graph.sparse_initializer)
    inputs = [value for value in graph.input if value.name not in constants]
    if not inputs:
        raise InputError("The ONNX file has no inputs.", todo="export it with the input left open")
    declared = {value.name: _declared(value) for value in inputs}
    wanted, notes = _wanted(declared, shapes)
    check_ports("input", wanted)
    for value in inputs:
        dims = value.type.tensor_type.shape.dim
        del dims[:]
        value.type.tensor_type.shape.SetInParent()  # a scalar has a shape, too
        for extent in wanted[value.name]:
            dims.add().dim_value = extent
    open_batch = [name for name, dims in declared.items() if _has_open_batch(dims)]
    if open_batch:
        fixed.metadata_props.add(key=OPEN_BATCH, value=",".join(open_batch))
    # Runtimes refuse files that are newer than they, even where nothing new is in them.
    fixed.ir_version = min(fixed.ir_version, NEWEST_IR)
    del graph.input[:], graph.value_info[:]
    graph.input.extend(inputs)
    for output in graph.output:
        if output.type.HasField("tensor_type"):
            output.type.tensor_type.ClearField("shape")
    return fixed, notes


def _wanted(
    declared: dict[str, Declared | None], shapes: Sequence[Shape] | Mapping[str, Shape]
) -> tuple[dict[str, Shape], list[str]]:
    """Return the shape of each input, and notes."""
    open_ones = [name for name, dims in declared.items() if not _is_fixed(dims)]
    if isinstance(shapes, Mapping):
        given = {name: tuple(shape) for name, shape in shapes.items() if name in declared}
    elif shapes:
        names = list(declared) if len(shapes) == len(declared) else open_ones
        if len(shapes) != len(names):
            raise InputError(
                f"The ONNX file has {len(declared)} inputs, and --input was given "
                f"{len(shapes)} times.",
                why="its inputs are " + ", ".join(_signature(*item) for item in declared.items()),
            )
        given = dict(zip(names, map(tuple, shapes), strict=True))
    else:
        given = {}
    wanted, notes = {}, []
    undecided = []
    for name, dims in declared.items():
        if name in given:
            notes += _check(name, dims, given[name])
            wanted[name] = given[name]
        elif dims is None or any(isinstance(extent, str) for extent in dims[1:]):
            undecided.append(name)
        else:
            wanted[name] = tuple(1 if isinstance(extent, str) else extent for extent in dims)
            if wanted[name] != dims:
                batch = ",".join(map(str, wanted[name]))
                notes.append(
                    f"The file leaves the batch of its input {name} open; it was taken as 1 "
                    f"(--input {batch})."
                )
    if undecided:
        raise InputError(
            "The ONNX file leaves axes of its inputs open: "
            + ", ".join(_signature(name, declared[name]) for name in undecided)
            + ".",
            why="the files of phones hold fixed shapes",
            todo="fix them, for example "
            + " ".join(f"--input {_example(declared[name])}" for name in declared),
        )
    return wanted, notes


def _check(name: str, dims: Declared | None, wanted: Shape) -> list[str]:
    """Return a note if the file declares something else than what the user wants."""
    if dims is None:
        return []
    if len(dims) != len(wanted):
        raise InputError(
            f"--input {','.join(map(str, wanted))} does not fit the input "
            f"{_signature(name, dims)} of the ONNX file.",
            why=f"one has {len(wanted)} axes, the other {len(dims)}",
            todo=f"give it as --input {_example(dims)}",
        )
    if all(isinstance(d, str) or d == w for d, w in zip(dims, wanted, strict=True)):
        return []
    return [
        f"The file declares its input {_signature(name, dims)}; it was exported for "
        f"({', '.join(map(str, wanted))}), as --input says."
    ]


def _declared(value: onnx.ValueInfoProto) -> Declared | None:
    """Return the declared shape of an input, or None if the file says nothing."""
    if not value.type.HasField("tensor_type"):
        kind = value.type.WhichOneof("value") or "no type"
        raise UnsupportedError(
            f"The input {value.name} of the ONNX file is not a tensor.",
            why=f"it is declared as {kind.removesuffix('_type')}",
            todo="cut the part that takes tensors out with --inputs",
        )
    tensor = value.type.tensor_type
    if tensor.elem_type not in onnx.TensorProto.DataType.values() or not tensor.elem_type:
        raise InputError(
            f"The input {value.name} of the ONNX file has no type.",
            why=f"its element type is {tensor.elem_type}, which ONNX does not define",
            todo="export the file again",
        )
    if tensor.elem_type == onnx.TensorProto.STRING:
        raise UnsupportedError(
            f"The input {value.name} of the ONNX file holds text.",
            why="the files of phones take numbers only",
            todo="cut the part that takes numbers out with --inputs",
        )
    if not tensor.HasField("shape"):
        return None
    return tuple(_extent(dim) for dim in tensor.shape.dim)


def _extent(dim: onnx.TensorShapeProto.Dimension) -> int | str:
    """Return an extent; writers spell open ones as texts, as -1, as 0 or not at all."""
    if dim.HasField("dim_value"):
        return dim.dim_value if dim.dim_value > 0 else str(dim.dim_value)
    return dim.dim_param or "?"


def with_open_batch(proto: onnx.ModelProto, names: Collection[str]) -> onnx.ModelProto:
    """Return a model whose inputs of these names have an open first axis, as they were declared."""
    opened = onnx.ModelProto()
    opened.CopyFrom(proto)
    for value in opened.graph.input:
        if value.name in names:
            value.type.tensor_type.shape.dim[0].dim_param = "batch"
    for value in (*opened.graph.output, *opened.graph.value_info):
        value.type.tensor_type.ClearField("shape")  # they may hold the fixed extent
    return opened


def _has_open_batch(dims: Declared | None) -> bool:
    return dims is not None and isinstance(next(iter(dims), None), str) and _is_fixed(dims[1:])


def _is_fixed(dims: Declared | None) -> bool:
    return dims is not None and all(isinstance(extent, int) for extent in dims)


def _signature(name: str, dims: Declared | None) -> str:
    return f"{name} (of unknown rank)" if dims is None else f"{name} ({', '.join(map(str, dims))})"


def _example(dims: Declared | None) -> str:
    """Return an ``--input`` for a declared shape; open axes are a batch of 1 and a picture's."""
    if dims is None:
        return "1,3,224,224"
    if len(dims) == 4 and dims[3] in (1, 3) and dims[1] not in (1, 3):
        typical: Shape = (1, 224, 224, 3)
    else:
        typical = _EXAMPLES.get(len(dims), (1,) * min(len(dims), 1) + (16,) * (len(dims) - 1))
    return ",".join(
        str(extent if isinstance(extent, int) else usual)
        for extent, usual in zip(dims, typical, strict=True)
    )
