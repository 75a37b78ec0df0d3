"""One walk over the graph, in its order, after which types, shapes and known contents are known.

At each node everything before it is known already. So the node can be brought into the form that
later stages expect (`rules`), have its shape inferred, and, where nothing that it reads depends on
what the network is fed, be computed at once. What a shape depends on is then known where the shape
is needed, however long the chain of operators that computes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.shapes import Shape, shape_of, static_shape
from _edgeship.export.lowering.unsupported import Unhandled, tripping_is_unhandled
from _edgeship.export.preparation import refusals
from _edgeship.export.preparation.attribute_values import odd_attribute
from _edgeship.export.preparation.evaluation import NotComputedError, evaluate
from _edgeship.export.preparation.inference import (
    NEWEST_RUN,
    infer,
    misuse,
    schema_of,
    version_of,
)
from _edgeship.export.preparation.knowledge import Array, Knowledge, bytes_of
from _edgeship.export.preparation.rules import DONE, RULES, following
from _edgeship.export.preparation.soundness import MOST_BYTES

#: The oldest operator set that later stages know.
OLDEST = 18

#: Values of more bytes are not computed, unless what they are computed from has a quarter of that.
_MOST_BYTES = 2**29

#: Of inputs of fewer bytes, the operators that are not growing make nothing large.
_SMALL = 2048

#: Make as much of a few numbers as these say.
_GROWING = {
    "ConstantOfShape",
    "EyeLike",
    "Expand",
    "OneHot",
    "Pad",
    "Range",
    "Resize",
    "Tile",
}

#: Give other outputs in each run.
_RANDOM = {
    "Bernoulli",
    "Multinomial",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
}


class Walk:
    """The walk over one graph; see the module.

    Attributes:
        knowledge: What is known of the values up to the current node.
        notes: What to tell the user.
    """

    def __init__(self, model: ir.Model) -> None:
        self.knowledge = Knowledge()
        self.notes: list[str] = []
        self._graph = model.graph
        self._version = model.opset_imports.get("", 1)
        self._imports = {**model.opset_imports, "": max(OLDEST, self._version)}
        self._names = {value.name for value in (*self._graph.inputs, *self._graph.outputs)}
        self._names.update(self._graph.initializers)
        for node in self._graph.all_nodes():
            self._names.update(output.name for output in node.outputs)
        self._counts: dict[str, int] = {}
        self._node_names: set[str | None] = set()
        self._node_counts: dict[str, int] = {}
        self._here: list[ir.Node] = []

    def run(self) -> None:
        """Walk over all nodes.

        Raises:
            InputError: The graph does not fit together.
            UnsupportedError: A shape depends on what the network is fed, or an operator is unknown.
        """
        for node in list(self._graph):
            self._visit_guarded(node)
        for node in self._graph:
            node.version = None
            node.name = self._unique_node(node)
        for output in self._graph.outputs:
            if not self._is_known(output):
                raise refusals.no_tensor_output(output)

    def op(self, op_type: str, *inputs: ir.Value | None, **attributes: Any) -> ir.Value:
        """Add a node with one output; see `rules.Site`."""
        (output,) = self.ops(op_type, inputs, 1, **attributes)
        return output

    def ops(
        self, op_type: str, inputs: Sequence[ir.Value | None], outputs: int, **attributes: Any
    ) -> list[ir.Value]:
        """Add a node with several outputs; see `rules.Site`."""
        given = {name: value for name, value in attributes.items() if value is not None}
        read = list(inputs)
        while read and read[-1] is None:
            read.pop()
        node = ir.node(op_type, read, given, num_outputs=outputs, version=OLDEST)
        node.name = self._here[-1].name or None
        place = self._here[-1].outputs[0].name or op_type
        for output in node.outputs:
            output.name = self._unique(f"{place}_{op_type}")
        with following(node.outputs) as current:
            self.copy([node])
            return current()

    def constant(self, array: Array) -> ir.Value:
        """Add an initializer; see `rules.Site`."""
        name = self._unique(f"{self._here[-1].outputs[0].name}_constant")
        tensor = ir.tensor(np.ascontiguousarray(array).reshape(array.shape), name=name)
        value = ir.Value(name=name, const_value=tensor, shape=ir.Shape(array.shape))
        value.type = ir.TensorType(tensor.dtype)
        self._graph.register_initializer(value)
        return value

    def copy(self, nodes: Sequence[ir.Node]) -> None:
        """Add nodes; see `rules.Site`."""
        for node in nodes:
            self._graph.insert_before(self._here[-1], node)
            self._visit(node)

    def shape(self, value: ir.Value | None) -> Shape:
        """Return the static shape of a value."""
        return shape_of(value)

    def note(self, text: str) -> None:
        """Tell the user something, once."""
        if text not in self.notes:
            self.notes.append(text)

    def rename(self, nodes: Sequence[ir.Node]) -> None:
        """Give the outputs of nodes that are copies of others names of their own."""
        for node in nodes:
            for output in node.outputs:
                if output.name:
                    output.name = self._unique(output.name)

    def _unique(self, name: str) -> str:
        """Return a name that no other value has."""
        return _fresh(name, self._names, self._counts)

    def _unique_node(self, node: ir.Node) -> str:
        """Return a name that no other node has: ONNX Runtime refuses two of one name."""
        name = node.name or node.outputs[0].name or node.op_type
        return _fresh(name, self._node_names, self._node_counts)

    def _visit_guarded(self, node: ir.Node) -> None:
        """Visit a node, and name it, or the one being made of it, if code of ours trips."""
        try:
            with tripping_is_unhandled():
                self._visit(node)
        except Unhandled as error:
            at = self._here[-1] if self._here else node
            raise refusals.unknown_operator(at, str(error)) from error

    def _visit(self, node: ir.Node) -> None:
        if node.domain == "ai.onnx":
            node.domain = ""
        if odd := odd_attribute(node):
            raise refusals.does_not_fit(node, odd)
        version = self._version if node.version is None else node.version
        self._here.append(node)
        for entry in RULES.get((node.domain, node.op_type), ()):
            if entry.before and version >= entry.before:
                continue
            found = entry.rule(node, self)
            if found is not None:
                self._here.pop()
                if found is not DONE:
                    self._replace(node, found)
                return
        self._here.pop()
        if version < OLDEST:
            self._strip(node)
        self._learn(node)

    def _strip(self, node: ir.Node) -> None:
        """Remove attributes that older forms had, of which no rule says that they mattered."""
        schema = schema_of(node, self._imports) if not node.domain else None
        if schema is not None:
            for name in set(node.attributes) - set(schema.attributes):
                del node.attributes[name]

    def _replace(self, node: ir.Node, values: Sequence[ir.Value | None]) -> None:
        """Put values in the place of a node's outputs and remove the node."""
        for old, new in zip(node.outputs, values, strict=False):
            if not (old.uses() or old.is_graph_output()):
                continue
            if new is None:
                raise refusals.unread_output(node, old)
            self._stand_in(node, old, new)
        self._graph.remove(node, safe=True)

    def _stand_in(self, node: ir.Node, old: ir.Value, new: ir.Value) -> None:
        free = new.producer() is not None and not new.is_graph_output()
        fresh = free and (old.is_graph_output() or not new.uses())
        if old.is_graph_output() and not free:
            # It cannot have two names.
            copied = ir.node("Identity", [new], version=OLDEST)
            self._graph.insert_before(node, copied)
            self._learn(copied)
            new, fresh = copied.outputs[0], True
        if fresh:
            new.name, old.name = old.name, self._unique(f"{old.name}_replaced")
        ir.convenience.replace_all_uses_with(old, new, replace_graph_outputs=True)

    def _learn(self, node: ir.Node) -> None:
        """Find the types and shapes of a node's outputs, and their contents if they are fixed."""
        self._refuse_unknown_inputs(node)
        if refusals.depends_on_data(node, self.knowledge) and not self._is_fixed(node):
            raise refusals.data_dependent(node)
        schema = schema_of(node, self._imports)
        if schema is not None and (wrong := misuse(node, schema)):
            raise refusals.does_not_fit(node, wrong)
        fixed = self._is_fixed(node)
        if fixed and self._is_small(node) and self._compute(node):
            return
        problem = infer(node, self.knowledge, self._imports)
        if fixed and self._compute(node):
            return
        if problem:
            raise refusals.does_not_fit(node, problem)
        if not all(self._is_known(output) for output in node.outputs):
            self._try_on_zeros(node)
        for output in node.outputs:
            shape = static_shape(output)
            if shape is not None and min(shape, default=0) < 0:
                raise refusals.does_not_fit(node, f"{output.name} would have the shape {shape}")
            if output.name and (bytes_of(output) or 0) >= MOST_BYTES:
                raise refusals.too_large(node, output)
            if shape is not None and 0 in shape and output.dtype is not None:
                # Without elements, it is the same whatever the network is fed.
                self.knowledge.learn(output, np.zeros(shape, output.dtype.numpy()))

    def _refuse_unknown_inputs(self, node: ir.Node) -> None:
        for value in node.inputs:
            if value is not None and not self._is_known(value):
                raise refusals.not_a_tensor(node, value)

    @staticmethod
    def _is_known(value: ir.Value) -> bool:
        return not value.name or (static_shape(value) is not None and value.dtype is not None)

    def _is_fixed(self, node: ir.Node) -> bool:
        """Return whether a node gives the same whatever the network is fed."""
        return (
            node.op_type not in _RANDOM
            and not _has_graph(node)
            and all(v is None or self.knowledge.array(v) is not None for v in node.inputs)
        )

    def _is_small(self, node: ir.Node) -> bool:
        """Return whether a node's outputs are small, as those of arithmetic on shapes are."""
        return node.op_type not in _GROWING and all(
            value is None or (bytes_of(value) or _SMALL) < _SMALL for value in node.inputs
        )

    def _compute(self, node: ir.Node) -> bool:
        """Compute a node that `_is_fixed`, and return whether that was done."""
        inputs = [self.knowledge.array(value) for value in node.inputs]
        read = sum(array.nbytes for array in inputs if array is not None)
        sizes = [bytes_of(output) for output in node.outputs if output.name]
        if any(size is not None and size > max(_MOST_BYTES, 4 * read) for size in sizes):
            return False
        try:
            found = evaluate(node, inputs, self._own_imports(node))
        except NotComputedError:
            return False  # it goes on as it is, and whoever cannot lower it names it
        for output, array in zip((o for o in node.outputs if o.name), found, strict=True):
            self.knowledge.learn(output, array)
        return True

    def _own_imports(self, node: ir.Node) -> dict[str, int]:
        """Return the oldest operator sets that have a node so, which more runtimes know."""
        schema = schema_of(node, self._imports)
        version = self._imports.get(node.domain, 1) if schema is None else version_of(schema)
        return {"": min(self._imports[""], NEWEST_RUN), node.domain: version}

    def _try_on_zeros(self, node: ir.Node) -> None:
        """Read the shapes of a node's outputs off a run on zeros.

        Raises:
            InputError: ONNX Runtime says that the inputs do not fit the node.
            UnsupportedError: Nothing computes the node.
        """
        known = [self.knowledge.array(value) for value in node.inputs]
        zeros = [
            np.zeros(shape_of(value), value.dtype.numpy())
            if array is None and value is not None and value.dtype is not None
            else array
            for value, array in zip(node.inputs, known, strict=True)
        ]
        if _has_graph(node):
            raise refusals.unknown_operator(node, "its shapes cannot be known before running")
        try:
            found = evaluate(node, zeros, self._own_imports(node))
        except NotComputedError as error:
            if schema_of(node, self._imports) is None or error.unknown:
                raise refusals.unknown_operator(node, str(error)) from error
            raise refusals.does_not_fit(node, str(error)) from error
        for output, array in zip((o for o in node.outputs if o.name), found, strict=True):
            self.knowledge.learn(output, array)
            del self.knowledge.arrays[output]


def _fresh(name: str, names: set[str | None], counts: dict[str, int]) -> str:
    """Return a name that is not in a set, and add it: the name itself, or with a number behind."""
    candidate = name
    while candidate in names:
        counts[name] = counts.get(name, 1) + 1
        candidate = f"{name}_{counts[name]}"
    names.add(candidate)
    return candidate


def _has_graph(node: ir.Node) -> bool:
    return any(
        attribute.type in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS)
        for attribute in node.attributes.values()
    )
