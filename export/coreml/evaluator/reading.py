"""Reads a package into a program of plain values. What it reads is not trusted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.coreml.evaluator.mil.blobs import BlobFile
from _edgeship.export.coreml.evaluator.mil.program import (
    Argument,
    Feature,
    ImagePort,
    MilProgram,
    Operation,
    Variable,
)
from _edgeship.export.coreml.evaluator.mil.values import constant_of, dtype_of, variable_of
from _edgeship.export.coreml.format.library import coremltools

_MANIFEST = "Manifest.json"
_MANIFEST_MOST_BYTES = 1_000_000
_MODEL_PATH = "@model_path"
_ARRAY_DTYPES = {
    65552: "float16",
    65568: "float32",
    65600: "float64",
    131080: "int8",
    131104: "int32",
}


def read_program(files: Mapping[str, bytes]) -> MilProgram:
    """Read a package.

    Args:
        files: Path in the package, with slashes -> content, such as ``Manifest.json``.

    Returns:
        The program of its default function, with all constants as stored: compressed ones are
        not expanded.

    Raises:
        InputError: This is not a package, or a damaged one.
        UnsupportedError: It holds something other than an ML program.
    """
    root = _root(files)
    model = _model(files[root], root)
    description, function = _default_function(model)
    if function.opset not in function.block_specializations:
        raise InputError("The program has no code.", where=root, why=f"opset {function.opset!r}")
    block = function.block_specializations[function.opset]
    blobs = _blob_files(files, root)
    variables = tuple(variable_of(named.name, named.type) for named in function.inputs)
    operations = tuple(one for message in block.operations for one in _operations(message, blobs))
    _check_names(variables, operations, block.outputs)
    known = {variable.name: variable for variable in variables}
    known |= {variable.name: variable for one in operations for variable in one.outputs}
    return MilProgram(
        specification_version=int(model.specificationVersion),
        opset=str(function.opset),
        inputs=_features(description.input, known, {one.name for one in variables}),
        outputs=_features(description.output, known, set(block.outputs)),
        variables=variables,
        operations=operations,
        results=tuple(block.outputs),
        metadata=_metadata(model.description.metadata),
        labels=_labels(operations),
        predicted_feature=str(description.predictedFeatureName),
    )


def _root(files: Mapping[str, bytes]) -> str:
    """Return the path of the model that the manifest names."""
    if _MANIFEST not in files:
        raise InputError(
            "This is not a Core ML package.",
            why=f"It has no {_MANIFEST}.",
            todo="Give the .mlpackage folder itself.",
        )
    data = files[_MANIFEST]
    if len(data) > _MANIFEST_MOST_BYTES:
        raise InputError("The manifest of this package is too large.", where=_MANIFEST)
    try:
        manifest = json.loads(data)
        path = manifest["itemInfoEntries"][manifest["rootModelIdentifier"]]["path"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise InputError(
            "The manifest of this package names no model.", where=_MANIFEST, why=repr(error)
        ) from error
    root = f"Data/{path}"
    if root not in files:
        raise InputError("The package lacks its model.", where=_MANIFEST, why=f"no file {root!r}")
    return root


def _model(data: bytes, where: str) -> Any:
    coremltools()
    from coremltools.proto import Model_pb2
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model = Model_pb2.Model.FromString(data)
    except DecodeError as error:
        raise InputError("The model of this package is damaged.", where=where) from error
    kind = model.WhichOneof("Type")
    if kind != "mlProgram":
        raise UnsupportedError(
            "This package holds no ML program.",
            where=where,
            why=f"Its kind is {kind}.",
            todo="Convert the network to an ML program (iOS 15 and later).",
        )
    return model


def _default_function(model: Any) -> tuple[Any, Any]:
    """Return the description of the function that runs by default, and its code."""
    name = model.description.defaultFunctionName or "main"
    functions = model.mlProgram.functions
    if name not in functions:
        raise InputError(
            f"The program has no function {name!r}.", why=f"It has {sorted(functions)}."
        )
    for description in model.description.functions:
        if description.name == name:
            return description, functions[name]
    return model.description, functions[name]


def _blob_files(files: Mapping[str, bytes], root: str) -> dict[str, BlobFile]:
    """Return the files of weights, by the names under which the program refers to them."""
    folder = str(PurePosixPath(root).parent)
    return {
        _MODEL_PATH + path.removeprefix(folder): BlobFile(data, path)
        for path, data in files.items()
        if path.startswith(f"{folder}/") and path != root
    }


def _operations(message: Any, blobs: Mapping[str, BlobFile]) -> Iterator[Operation]:
    """Yield an operator, preceded by a ``const`` for each constant in a list of its inputs."""
    outputs = tuple(variable_of(named.name, named.type) for named in message.outputs)
    where = f"{message.type} ({outputs[0].name if outputs else 'no outputs'})"
    inputs: dict[str, tuple[str, ...] | Argument] = {}
    dtypes: dict[str, str] = {}
    for parameter, argument in message.inputs.items():
        bindings = argument.arguments
        if not bindings:
            raise InputError("An input of an operator is bound to nothing.", where=where)
        if len(bindings) == 1 and bindings[0].WhichOneof("binding") == "value":
            inputs[parameter] = constant_of(bindings[0].value, blobs, where)
            dtypes[parameter] = dtype_of(bindings[0].value)
            continue
        names: list[str] = []
        for number, binding in enumerate(bindings):
            if binding.WhichOneof("binding") == "name":
                names.append(binding.name)
            else:
                names.append(f"{where}.{parameter}[{number}]")
                yield _constant(names[-1], binding.value, blobs)
        inputs[parameter] = tuple(names)
    attributes: dict[str, Argument] = {}
    for name, value in message.attributes.items():
        attributes[name] = constant_of(value, blobs, where)
        dtypes[name] = dtype_of(value)
    yield Operation(str(message.type), inputs, outputs, attributes, dtypes)


def _constant(name: str, value: Any, blobs: Mapping[str, BlobFile]) -> Operation:
    data = constant_of(value, blobs, name)
    output = variable_of(name, value.type)
    return Operation("const", {}, (output,), {"val": data}, {"val": dtype_of(value)})


def _check_names(
    variables: Sequence[Variable], operations: Sequence[Operation], results: Iterable[str]
) -> None:
    """Demand that each variable is computed once, and before it is read."""
    known = {variable.name for variable in variables}
    if len(known) != len(variables):
        raise InputError("Two inputs of the program have one name.")
    for operation in operations:
        for names in operation.inputs.values():
            for name in names if isinstance(names, tuple) else ():
                if name not in known:
                    raise InputError(f"{operation.kind} reads {name!r}, which is not computed.")
        for output in operation.outputs:
            if output.name in known:
                raise InputError(f"{operation.kind} computes {output.name!r} a second time.")
            known.add(output.name)
    for name in results:
        if name not in known:
            raise InputError(f"The program returns {name!r}, which is not computed.")


def _features(
    descriptions: Iterable[Any], known: Mapping[str, Variable], allowed: set[str]
) -> tuple[Feature, ...]:
    features: list[Feature] = []
    for description in descriptions:
        name = str(description.name)
        if name not in allowed:
            raise InputError(f"The package describes {name!r}, which the program does not have.")
        features.append(_feature(description, known[name]))
    return tuple(features)


def _feature(description: Any, variable: Variable) -> Feature:
    name, text = str(description.name), str(description.shortDescription)
    kind = description.type.WhichOneof("Type") or "unknownType"
    if kind == "multiArrayType":
        array = description.type.multiArrayType
        dtype = _ARRAY_DTYPES.get(array.dataType, "unknown")
        return Feature(name, dtype, tuple(int(size) for size in array.shape), description=text)
    if kind == "imageType":
        image = description.type.imageType
        color = type(image).ColorSpace.Name(image.colorSpace)
        port = ImagePort(color, int(image.width), int(image.height))
        return Feature(name, "image", variable.shape or (), port, text)
    return Feature(name, kind.removesuffix("Type"), (), description=text)


def _metadata(message: Any) -> dict[str, str]:
    return {
        "author": str(message.author),
        "license": str(message.license),
        "version": str(message.versionString),
        "short_description": str(message.shortDescription),
        **{str(key): str(value) for key, value in message.userDefined.items()},
    }


def _labels(operations: Sequence[Operation]) -> tuple[str, ...]:
    """Return the classes of the ``classify`` operator, if there is one."""
    constants = {
        operation.outputs[0].name: operation.attributes.get("val")
        for operation in operations
        if operation.kind == "const" and operation.outputs
    }
    for operation in operations:
        if operation.kind == "classify":
            classes = operation.inputs.get("classes", [])
            if isinstance(classes, tuple):
                classes = constants.get(classes[0]) or []
            return tuple(str(label) for label in classes) if isinstance(classes, list) else ()
    return ()
