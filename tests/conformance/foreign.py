"""Cases that are no tensor programs, so that no target is to compute them.

Each class is recognised by what a model says of itself: its types, its operators, their domains.
A case counts as foreign only where a target refuses it; whatever a target computes all the same is
compared like anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import onnx
from onnx import TensorProto

from tests.conformance.cases import Case

_NARROW = {
    number
    for name, number in TensorProto.DataType.items()
    if name.startswith(("FLOAT8", "FLOAT4", "FLOAT6", "INT4", "UINT4", "INT2", "UINT2", "COMPLEX"))
}

_RANDOM = {
    "Bernoulli",
    "Multinomial",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
}
_DATA_SIZED = {"Compress", "NonMaxSuppression", "NonZero", "Unique"}
_STRINGS = {"RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer"}
_LOSSES = {"NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"}


def _strings(model: onnx.ModelProto) -> bool:
    return TensorProto.STRING in _element_types(model) or bool(_STRINGS & _kinds(model))


def _sequences(model: onnx.ModelProto) -> bool:
    holders = ("sequence_type", "optional_type", "map_type", "sparse_tensor_type")
    ports = [*model.graph.input, *model.graph.output]
    return any(port.type.WhichOneof("value") in holders for port in ports) or any(
        "Sequence" in kind or "Optional" in kind for kind in _kinds(model)
    )


def _narrow_types(model: onnx.ModelProto) -> bool:
    return bool(_NARROW & set(_element_types(model)))


def _training(model: onnx.ModelProto) -> bool:
    if any("training" in node.domain for node in nodes(model)):
        return True
    return any(
        attribute.name == "training_mode" and attribute.i
        for node in nodes(model)
        for attribute in node.attribute
    ) or any(node.op_type == "Dropout" and len(node.input) > 2 for node in nodes(model))


def _random(model: onnx.ModelProto) -> bool:
    return bool(_RANDOM & _kinds(model))


def _data_sized(model: onnx.ModelProto) -> bool:
    return bool(_DATA_SIZED & _kinds(model))


def _control_flow(model: onnx.ModelProto) -> bool:
    return bool({"If", "Loop"} & _kinds(model))


def _files(model: onnx.ModelProto) -> bool:
    return "ImageDecoder" in _kinds(model)


_WITHOUT_COMPARISON = (_strings, _narrow_types, _training, _random)

#: Why a case is not a tensor program -> whether a model is one of these; the first that says so
#: is the reason.
CLASSES: dict[str, Callable[[onnx.ModelProto], bool]] = {
    "strings are not numbers": _strings,
    "sequences and optional values are not tensors": _sequences,
    "element types that phones do not have: float8, float4, int4, int2": _narrow_types,
    "training: optimizers, gradients, statistics of a batch, dropped elements": _training,
    "random numbers": _random,
    "the values decide how many elements there are": _data_sized,
    "the values decide which nodes run, or how often": _control_flow,
    "picture files are decoded before a network": _files,
}


#: Classes whose outputs cannot be compared where something is computed: they differ every time, or
#: come back as other types, or as numbers written in another way.
INCOMPARABLE = tuple(reason for reason in CLASSES if CLASSES[reason] in _WITHOUT_COMPARISON)


def foreign(case: Case) -> str:
    """Why a case is not a tensor program; empty where it is one."""
    return next((reason for reason, says in CLASSES.items() if says(case.model)), "")


def nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    """All nodes, those of functions, branches and bodies too."""
    graphs = [list(model.graph.node), *(list(function.node) for function in model.functions)]
    while graphs:
        for node in graphs.pop():
            yield node
            graphs.extend(list(a.g.node) for a in node.attribute if a.HasField("g"))


def _kinds(model: onnx.ModelProto) -> set[str]:
    return {node.op_type for node in nodes(model)}


def _element_types(model: onnx.ModelProto) -> list[int]:
    graph = model.graph
    ports = [*graph.input, *graph.output, *graph.value_info]
    found = [port.type.tensor_type.elem_type for port in ports]
    found += [tensor.data_type for tensor in graph.initializer]
    found += [
        attribute.i
        for node in nodes(model)
        for attribute in node.attribute
        if node.op_type == "Cast" and attribute.name == "to"
    ]
    return found
