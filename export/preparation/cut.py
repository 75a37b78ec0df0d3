"""A part of an ONNX file, between tensors that the user names.

The cut comes before anything else is asked of the file: what lies outside of the part may be of
any kind, and need not even be an operator that ONNX knows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import onnx

from _edgeship.errors import InputError
from _edgeship.export.graph.flow import Flow, subgraphs
from _edgeship.export.preparation import cut_names

#: The field of a TypeProto that an ordinary tensor has.
_TENSOR = "tensor_type"


def cut(
    proto: onnx.ModelProto, inputs: Sequence[str] = (), outputs: Sequence[str] = ()
) -> onnx.ModelProto:
    """Return the part of a network that computes some tensors from others.

    Args:
        proto: The file, as it was read. It is not changed.
        inputs: Names of the tensors that the part is fed with, in the order that its inputs are to
            have; none for the inputs of the file that are needed.
        outputs: Names of the tensors that it gives; none for all outputs of the file.

    Returns:
        A file with these inputs and outputs, and the nodes and constants in between. Inputs and
        outputs have the types and shapes that the file declares or that ONNX infers from it; an
        input of which nothing is known is taken as float32 of an unknown shape.

    Raises:
        InputError: There is no such tensor, or it cannot be an input or output; an output does
            not depend on the inputs, or depends on other inputs too.
    """
    if not inputs and not outputs:
        return proto
    flow = Flow(proto.graph)
    inputs, outputs = (cut_names.joined(flow, names) for names in (inputs, outputs))
    cut_names.check(flow, inputs, "--inputs")
    cut_names.check(flow, outputs, "--outputs")
    wanted = outputs or flow.outputs
    numbers = flow.before(wanted, stops=inputs)
    _check_reach(flow, numbers, inputs, wanted)
    return _part(proto, flow, numbers, inputs, wanted)


def _check_reach(
    flow: Flow, numbers: Collection[int], inputs: Sequence[str], outputs: Sequence[str]
) -> None:
    """Check that the inputs are needed and enough.

    Raises:
        InputError: They are not.
    """
    used = {name for number in numbers for name in flow.reads[number]} | set(outputs)
    if inputs:
        idle = [name for name in inputs if name not in used]
        if idle:
            raise InputError(
                f"The outputs do not depend on {' and '.join(idle)} of --inputs.",
                why=f"{' and '.join(outputs)} can be computed without it",
                todo="leave it out, or name outputs that lie behind it",
            )
        missing = [name for name in flow.inputs if name in used and name not in inputs]
        if missing:
            raise InputError(
                f"The outputs need {' and '.join(missing)} beside {' and '.join(inputs)}.",
                why="there is a way from there to the outputs that --inputs does not cut",
                todo=f"add it: --inputs {cut_names.quoted([*inputs, *missing])}; "
                "or name tensors that lie on every way, or outputs that lie behind them",
            )
    starts = set(inputs or flow.inputs)
    for name in outputs:
        nodes = flow.before([name], stops=inputs)
        if starts.isdisjoint(read for number in nodes for read in flow.reads[number]):
            raise InputError(
                f"{name} cannot be an output of the part.",
                why="it is an input"
                if name in starts
                else "it does not depend on any input: it is a constant",
                todo="name tensors that are computed from the inputs",
            )


def _part(
    proto: onnx.ModelProto,
    flow: Flow,
    numbers: Collection[int],
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> onnx.ModelProto:
    graph = proto.graph
    used = {name for number in numbers for name in flow.reads[number]} | set(outputs)
    made = {name for number in numbers for name in graph.node[number].output}
    declared = _declared(graph)
    if any(not _is_complete(declared.get(name)) for name in (*inputs, *outputs)):
        declared = _inferred(proto) | {
            name: info for name, info in declared.items() if _is_complete(info)
        }
    fed = inputs or [name for name in flow.inputs if name in used]
    listed = [one for one in graph.input if one.name in flow.constants and one.name in used]
    part = onnx.ModelProto()
    part.CopyFrom(_without_graph(proto))
    part.graph.name = graph.name
    part.graph.node.extend(graph.node[number] for number in sorted(numbers))
    part.graph.initializer.extend(one for one in graph.initializer if one.name in used)
    part.graph.sparse_initializer.extend(
        one for one in graph.sparse_initializer if one.values.name in used
    )
    part.graph.input.extend([*(_input(name, declared) for name in fed), *listed])
    part.graph.output.extend(_output(name, declared) for name in outputs)
    ends = {*fed, *outputs}
    part.graph.value_info.extend(
        one for one in graph.value_info if one.name in made and one.name not in ends
    )
    part.graph.quantization_annotation.extend(
        one for one in graph.quantization_annotation if one.tensor_name in used | made
    )
    _drop_unused_domains(part)
    return part


def _without_graph(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return what a file says of itself; its weights are not copied for that."""
    head = onnx.ModelProto()
    for field, value in proto.ListFields():
        if field.name == "graph":
            continue
        if field.is_repeated:
            getattr(head, field.name).extend(value)
        else:
            setattr(head, field.name, value)
    return head


def _drop_unused_domains(part: onnx.ModelProto) -> None:
    """Leave out functions that nothing calls, and the operator sets of nodes that are gone."""
    functions = {(one.domain, one.name): one for one in part.functions}
    waiting = list(part.graph.node)
    called: set[tuple[str, str]] = set()
    domains = {""}
    while waiting:
        node = waiting.pop()
        domains.add("" if node.domain == "ai.onnx" else node.domain)
        waiting += [inner for graph in subgraphs(node) for inner in graph.node]
        key = (node.domain, node.op_type)
        if key in functions and key not in called:
            called.add(key)
            waiting += functions[key].node
    kept = [one for key, one in functions.items() if key in called]
    opsets = [one for one in part.opset_import if one.domain in domains or one.domain == "ai.onnx"]
    del part.functions[:], part.opset_import[:]
    part.functions.extend(kept)
    part.opset_import.extend(opsets)


def _declared(graph: onnx.GraphProto) -> dict[str, onnx.ValueInfoProto]:
    return {one.name: one for one in (*graph.value_info, *graph.output, *graph.input)}


def _inferred(proto: onnx.ModelProto) -> dict[str, onnx.ValueInfoProto]:
    """Return what ONNX infers of the tensors, as far as it gets.

    It stops without an error at operators that it does not know, and refuses files that contradict
    themselves; what is inferred serves only to describe the ends of the part, so nothing is lost
    if it refuses: the part is looked at on its own afterwards.
    """
    try:
        whole = onnx.shape_inference.infer_shapes(proto, data_prop=True)
    except (onnx.shape_inference.InferenceError, ValueError):
        return {}
    return _declared(whole.graph)


def _is_complete(info: onnx.ValueInfoProto | None) -> bool:
    """Return whether the type and the shape of a tensor are known, if with open extents."""
    if info is None or not info.HasField("type"):
        return False
    return info.type.WhichOneof("value") != _TENSOR or (
        info.type.tensor_type.elem_type != 0 and info.type.tensor_type.HasField("shape")
    )


def _input(name: str, declared: dict[str, onnx.ValueInfoProto]) -> onnx.ValueInfoProto:
    """Return an input of the part.

    Raises:
        InputError: It is no tensor.
    """
    info = declared.get(name)
    if info is None or not info.HasField("type"):
        return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
    kind = info.type.WhichOneof("value")
    if kind != _TENSOR:
        raise InputError(
            f"{name} cannot be an input of the part.",
            why=f"it is a {str(kind).removesuffix('_type')}, and only tensors can be",
        )
    return info


def _output(name: str, declared: dict[str, onnx.ValueInfoProto]) -> onnx.ValueInfoProto:
    return declared.get(name) or onnx.ValueInfoProto(name=name)
