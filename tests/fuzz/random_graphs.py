"""Random graphs that ONNX Runtime runs, made of the operators that the targets know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.random import Generator
from onnx import TensorProto, helper, numpy_helper

from tests.fuzz.generators import GENERATORS, Value

OPSET = 18

#: Graphs whose outputs move by more than this fraction of their range when inputs move by 1e-6
#: are left out: no two runtimes agree on them.
_STEADY = 2e-5

_INPUT_SHAPES = (
    (1, 4, 8, 8),
    (1, 3, 9, 7),
    (2, 6),
    (1, 5, 8),
    (4, 4),
    (1, 8, 4, 4),
    (7,),
    (2, 3, 4),
)


@dataclass
class Builder:
    """A graph under construction.

    Attributes:
        rng: Decides everything.
        values: What nodes may read.
    """

    rng: Generator
    values: list[Value] = field(default_factory=list)
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    inputs: list[onnx.ValueInfoProto] = field(default_factory=list)

    def input(self, shape: tuple[int, ...]) -> None:
        """Add an input of the graph."""
        name = f"in{len(self.inputs)}"
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        self.values.append(Value(name, shape, "float32"))

    def constant(self, array: np.ndarray) -> str:
        """Add a constant, and return its name."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def floats(self, *shape: int, low: float = -1.0, high: float = 1.0) -> str:
        """Add a constant of uniform numbers."""
        return self.constant(self.rng.uniform(low, high, shape).astype(np.float32))

    def integers(self, values: Sequence[int]) -> str:
        """Add a constant of int64."""
        return self.constant(np.array(values, np.int64))

    def pick(self, items: Sequence[Any]) -> Any:
        """Return one of several things."""
        return items[int(self.rng.integers(len(items)))]

    def add(self, kind: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any) -> bool:
        """Add a node if ONNX's inference says what it gives; its outputs can be read from now on.

        Returns:
            Whether it was added.
        """
        number = len(self.nodes)
        names = [f"v{number}_{index}" for index in range(outputs)]
        node = helper.make_node(kind, list(inputs), names, name=f"n{number}", **attributes)
        found = self._inferred(node)
        if found is None:
            return False
        self.nodes.append(node)
        self.values += found
        return True

    def _inferred(self, node: onnx.NodeProto) -> list[Value] | None:
        types = {value.name: value.type for value in self.values}
        data = {tensor.name: tensor for tensor in self.constants if tensor.name in node.input}
        types |= {n: helper.make_tensor_type_proto(t.data_type, t.dims) for n, t in data.items()}
        schema = onnx.defs.get_schema(node.op_type, OPSET)
        try:
            found = onnx.shape_inference.infer_node_outputs(
                schema,
                node,
                {n: t for n, t in types.items() if n in node.input},
                data,
                opset_imports=[helper.make_opsetid("", OPSET)],
            )
        except (onnx.shape_inference.InferenceError, onnx.checker.ValidationError, RuntimeError):
            return None
        values = [Value.of(name, found[name]) for name in node.output if name in found]
        known = [value for value in values if value is not None]
        sized = all(0 < np.prod(value.shape, dtype=np.int64) <= 4096 for value in known)
        return known if len(known) == len(node.output) and sized else None

    def model(self) -> onnx.ModelProto:
        """Return the graph; what nothing reads is its output."""
        read = {name for node in self.nodes for name in node.input}
        made = {name for node in self.nodes for name in node.output}
        ends = [value for value in self.values if value.name in made - read]
        outputs = [onnx.ValueInfoProto(name=v.name, type=v.type) for v in ends]
        used = [port for port in self.inputs if port.name in read]
        constants = [tensor for tensor in self.constants if tensor.name in read]
        graph = helper.make_graph(self.nodes, "random", used, outputs, constants)
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def random_graph(seed: int) -> onnx.ModelProto:
    """Return a graph of 1 to 12 nodes that ONNX Runtime runs, and whose outputs are steady."""
    for attempt in range(1000):
        rng = np.random.default_rng((seed, attempt))
        builder = Builder(rng)
        for _ in range(int(rng.integers(1, 3))):
            builder.input(builder.pick(_INPUT_SHAPES))
        wanted = int(rng.integers(1, 13))
        for _ in range(20 * wanted):
            if len(builder.nodes) >= wanted:
                break
            generate = GENERATORS[builder.pick(sorted(GENERATORS))]
            generate(builder, builder.pick(builder.values[-6:]))
        if builder.nodes and is_steady(model := builder.model()):
            return model
    raise RuntimeError(f"no steady graph for seed {seed}")


def is_steady(model: onnx.ModelProto) -> bool:
    """Return whether ONNX Runtime runs a model, and small changes of the inputs stay small."""
    if not model.graph.input or not model.graph.output:
        return False
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        first, *others = (session.run(None, feeds) for feeds in _feeds(model))
    except Exception:  # they have no common base
        return False
    return all(
        _close(one, other) for moved in others for one, other in zip(first, moved, strict=True)
    )


def _feeds(model: onnx.ModelProto) -> list[dict[str, np.ndarray]]:
    """The numbers that `judging` feeds, and others beside them, moved to all sides and to one."""
    rng, feeds, moved, larger = np.random.default_rng(0), {}, {}, {}
    for port in model.graph.input:
        shape = [dim.dim_value for dim in port.type.tensor_type.shape.dim]
        feeds[port.name] = rng.standard_normal(shape).astype(np.float32)
    for name, value in feeds.items():
        moved[name] = (value * (1 + 1e-6 * rng.standard_normal(value.shape))).astype(np.float32)
        larger[name] = (value * (1 + 1e-6)).astype(np.float32)
    return [feeds, moved, larger]


def _close(one: np.ndarray, other: np.ndarray) -> bool:
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if not np.isfinite(a).all() or np.abs(a).max(initial=0) > 1e6:
        return False
    span = np.ptp(a) or np.abs(a).max(initial=0) or 1.0
    return bool(np.abs(a - b).max(initial=0) <= _STEADY * span)
