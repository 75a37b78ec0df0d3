"""Running one node by itself: on values that are known, or on zeros, to read shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from onnx import helper

from _edgeship.export.preparation.knowledge import Array, data_type

#: The newest format of files that ONNX Runtime reads.
_IR_VERSION = 10


#: What ONNX Runtime says of operators that it has nothing for.
_UNKNOWN = ("is not a registered function/op", "Could not find an implementation")


class NotComputedError(Exception):
    """Neither ONNX Runtime nor ONNX's own evaluator computes a node; the message says why.

    Attributes:
        unknown: Whether ONNX Runtime does not know the operator.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.unknown = any(sign in reason for sign in _UNKNOWN)


def evaluate(node: ir.Node, inputs: Sequence[Array | None], imports: dict[str, int]) -> list[Array]:
    """Return the outputs of a node.

    ONNX Runtime computes them, and ONNX's evaluator what ONNX Runtime has no kernel for.

    Args:
        node: A node without subgraphs.
        inputs: Its inputs; None where it leaves one out.
        imports: Versions of the operator sets.

    Raises:
        NotComputedError: The node is unknown, or cannot be run on these inputs.
    """
    model, feeds = _alone(node, inputs, imports)
    try:
        return _in_runtime(model, feeds)
    except Exception as error:  # ONNX Runtime's errors have no other base
        reason = str(error)
    try:
        from onnx.reference import ReferenceEvaluator

        with np.errstate(all="ignore"):
            found = ReferenceEvaluator(model).run(None, feeds)
        return [np.asarray(array) for array in found]
    except Exception as error:  # nor have those of its evaluator
        raise NotComputedError(_last_sentence(reason)) from error


def _alone(
    node: ir.Node, inputs: Sequence[Array | None], imports: dict[str, int]
) -> tuple[onnx.ModelProto, dict[str, Array]]:
    """Return the model of one node, and what it is fed."""
    proto = ir.serde.serialize_node(node)
    names = [f"i{index}" if array is not None else "" for index, array in enumerate(inputs)]
    del proto.input[:], proto.output[:]
    proto.input.extend(names)
    proto.output.extend(f"o{index}" if out.name else "" for index, out in enumerate(node.outputs))
    feeds = {name: array for name, array in zip(names, inputs, strict=True) if array is not None}
    graph = helper.make_graph(
        [proto],
        "node",
        [
            helper.make_tensor_value_info(name, data_type(array).value, array.shape)
            for name, array in feeds.items()
        ],
        [helper.make_empty_tensor_value_info(name) for name in proto.output if name],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in imports.items()]
    return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION), feeds


def _in_runtime(model: onnx.ModelProto, feeds: dict[str, Array]) -> list[Array]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    found: list[Any] = session.run(None, feeds)
    return [np.asarray(array) for array in found]


def _last_sentence(reason: str) -> str:
    """Return what ONNX Runtime says without the places in its sources."""
    line = next(iter(reason.strip().splitlines()), "")
    return line.rsplit("] : ", 1)[-1].split("Status Message: ")[-1][:300]
