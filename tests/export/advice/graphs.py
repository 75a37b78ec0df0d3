"""ONNX graphs of a few nodes, and their steps, for the tests of the advice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from onnx import TensorProto, helper, numpy_helper

from _edgeship.export.advice.from_onnx import read_onnx_steps
from _edgeship.export.advice.steps import NetworkSteps
from _edgeship.export.graph.onnx_graph import infer_shapes


class Nodes:
    """A graph built node by node; values go by name, and the first is "x"."""

    def __init__(self, *shape: int) -> None:
        self._shape = shape
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def node(self, op: str, inputs: str, output: str, **attributes: Any) -> Nodes:
        self._nodes.append(
            helper.make_node(op, inputs.split(), output.split(), f"n_{output}", **attributes)
        )
        return self

    def constant(self, name: str, values: Any, dtype: Any = np.float32) -> Nodes:
        self._constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return self

    def conv(
        self,
        x: str,
        y: str,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        groups: int = 1,
        **more: Any,
    ) -> Nodes:
        """Append a convolution with a bias that keeps the places (at stride 1), named as `y`."""
        shape = (outputs, inputs // groups, kernel, kernel)
        self.constant(f"{y}.weight", np.ones(shape)).constant(f"{y}.bias", np.ones(outputs))
        pads = [kernel // 2] * 4
        return self.node("Conv", f"{x} {y}.weight {y}.bias", y, group=groups, pads=pads, **more)

    def model(self, outputs: str) -> ir.Model:
        graph = helper.make_graph(
            self._nodes,
            "graph",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self._shape)],
            [helper.make_tensor_value_info(y, TensorProto.FLOAT, None) for y in outputs.split()],
            self._constants,
        )
        opsets = [helper.make_opsetid("", 18)]
        return infer_shapes(ir.from_proto(helper.make_model(graph, opset_imports=opsets)))

    def network(self, outputs: str) -> NetworkSteps:
        return read_onnx_steps(self.model(outputs), "graph")


def names(steps: Sequence[Any]) -> list[str]:
    return [step.name for step in steps]
