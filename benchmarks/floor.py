"""The floor of a network: the same arithmetic with every movement of data removed.

A floor is a valid .tflite file that computes nothing of use. It has all operators of a file that
compute, with their shapes and options (convolutions, fully connected layers, pools, means,
additions, products, activations), and none of those whose output only repeats elements of their
inputs: concatenations, slices, splits, transposes, reshapes, gathers, pads and the like. Whoever
read such an output reads another tensor of the same shape and type instead, the first of these:

1. a tensor that the removed operators read themselves, if nobody else reads it yet;
2. the last computed tensor that nobody reads yet;
3. one of those, although somebody reads it already;
4. an input of the file's own, which is nowhere written.

What nobody reads in the end is an output of the file, so that no runtime leaves it out.

Two kinds of movement stay. A RESHAPE between two operators that compute costs nothing: XNNPACK
does it in place. And a PAD whose readers are all windows (convolutions and pools), since the window
needs the larger picture. XNNPACK computes the one before a convolution with it, in float32 and
int8, and the one before a pool by itself: the floor of a ShuffleNet V2 holds the PAD before its max
pool.

The convolutions are those that the network has. Ours may be others that compute the same and cost
less, as with filters of zeros that fill up a tile, so that a file can lie below the floor.

In an int8 floor the further inputs and outputs are int8. In a fp16 one they stay float32, and
XNNPACK turns them to float16 and back, which no movement does: `own_share` says how much of that
is the network's own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.runtimes.tflite_ports import FileIO, PortSpec
from _edgeship.export.tflite.calibrate import activation_ranges
from _edgeship.export.tflite.objects import kind_of, name_of, shape_of
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.schema_names import OPERATOR_NAMES
from _edgeship.export.tflite.writer import SIGNATURE, from_bytes, to_bytes

#: Operators whose outputs only repeat elements of their inputs, or hold a constant beside them.
MOVES = frozenset(
    (
        *("BATCH_TO_SPACE_ND", "BROADCAST_TO", "CONCATENATION", "DEPTH_TO_SPACE", "EXPAND_DIMS"),
        *("GATHER", "GATHER_ND", "MIRROR_PAD", "PACK", "PAD", "PADV2", "RESHAPE", "REVERSE_V2"),
        *("SLICE", "SPACE_TO_BATCH_ND", "SPACE_TO_DEPTH", "SPLIT", "SPLIT_V", "SQUEEZE"),
        *("STRIDED_SLICE", "TILE", "TRANSPOSE", "UNPACK"),
    )
)
_PADS = frozenset({"PAD", "PADV2"})
_WINDOWS = frozenset({"AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D"})


@dataclass(frozen=True)
class Floor:
    """The float32 floor of a file.

    Attributes:
        data: The file.
        io: Its inputs and outputs, by the names of their tensors.
        further_inputs: Which of its inputs, by number, the file it was made of does not have.
        further_outputs: Likewise.
    """

    data: bytes
    io: FileIO
    further_inputs: frozenset[int]
    further_outputs: frozenset[int]

    def write(self, scheme: str) -> bytes:
        """Return the floor in a scheme: "none", "fp16" or "int8"."""
        if scheme != "int8":
            return quantize(self.data, scheme)
        generator = np.random.default_rng(0)
        sample = {
            port.name: generator.standard_normal(port.shape, np.float32) for port in self.io.inputs
        }
        ranges = activation_ranges(self.data, [sample], self.io)
        return self._with_open_ports(quantize(self.data, "int8", ranges))

    @property
    def own_share(self) -> float:
        """The elements of the inputs and outputs that the file has, as a part of all of them."""
        own = further = 0
        ports = ((self.io.inputs, self.further_inputs), (self.io.outputs, self.further_outputs))
        for specs, more in ports:
            for number, spec in enumerate(specs):
                if number in more:
                    further += math.prod(spec.shape)
                else:
                    own += math.prod(spec.shape)
        return own / (own + further)

    def _with_open_ports(self, data: bytes) -> bytes:
        """Let the further inputs and outputs be int8: no QUANTIZE or DEQUANTIZE at them."""
        model = from_bytes(data)
        graph = model.subgraphs[0]
        inputs, outputs = [int(i) for i in graph.inputs], [int(i) for i in graph.outputs]
        further = {inputs[i] for i in self.further_inputs}
        further |= {outputs[i] for i in self.further_outputs}
        operators = []
        for op in graph.operators:
            source, result = int(op.inputs[0]), int(op.outputs[0])
            if source in further:
                inputs[inputs.index(source)] = result
            elif result in further:
                outputs[outputs.index(result)] = source
            else:
                operators.append(op)
        graph.operators = operators
        graph.inputs, graph.outputs = np.array(inputs, np.int32), np.array(outputs, np.int32)
        model.signatureDefs = [_signature(graph)]
        return to_bytes(model)


def floor_of(data: bytes) -> Floor:
    """Return the floor of a float32 file with static shapes and one subgraph."""
    model = from_bytes(data)
    builder = _Builder(model)
    graph = model.subgraphs[0]
    graph.operators = [op for op in graph.operators if builder.keeps(op)]
    own = {int(i) for i in (*graph.inputs, *graph.outputs)}
    own |= {i for output in graph.outputs for i in builder.sources.get(int(output), [])}
    inputs, outputs = builder.inputs(), builder.outputs()
    graph.inputs, graph.outputs = np.array(inputs, np.int32), np.array(outputs, np.int32)
    io = FileIO(
        tuple(_port(graph.tensors[i]) for i in inputs),
        tuple(_port(graph.tensors[i]) for i in outputs),
    )
    further = [frozenset(n for n, i in enumerate(p) if i not in own) for p in (inputs, outputs)]
    model.signatureDefs = [_signature(graph)]
    return Floor(to_bytes(model), io, *further)


@dataclass
class _Builder:
    """Takes the operators of a graph one after the other, and finds other tensors to read."""

    model: Any
    made: list[int] = field(default_factory=list)
    read: set[int] = field(default_factory=set)
    sources: dict[int, list[int]] = field(default_factory=dict)
    instead: dict[int, int] = field(default_factory=dict)
    further: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.graph = self.model.subgraphs[0]
        self.made += [int(i) for i in self.graph.inputs]
        self.readers: dict[int, list[str]] = {}
        for op in self.graph.operators:
            for index in op.inputs:
                self.readers.setdefault(int(index), []).append(self.kind(op))

    def kind(self, op: Any) -> str:
        return OPERATOR_NAMES[kind_of(self.model, op)]

    def keeps(self, op: Any) -> bool:
        """Return whether an operator stays, and let it read what there is."""
        outputs = [int(i) for i in op.outputs]
        if self.kind(op) in MOVES and not (self._pads_windows(op) or self._is_free(op)):
            found = [s for i in op.inputs for s in self.sources.get(int(i), [int(i)])]
            sources = [index for index in dict.fromkeys(found) if index in self.made]
            self.sources.update(dict.fromkeys(outputs, sources))
            return False
        op.inputs = np.array([self._stand_in(int(i)) for i in op.inputs], np.int32)
        self.read.update(int(i) for i in op.inputs)
        self.made += outputs
        return True

    def inputs(self) -> list[int]:
        """Return the inputs that are read, and the further ones."""
        return [int(i) for i in self.graph.inputs if int(i) in self.read] + self.further

    def outputs(self) -> list[int]:
        """Return what nobody reads."""
        given = {int(i) for i in self.graph.inputs}
        return [i for i in self.made if i not in self.read and i not in given]

    def _pads_windows(self, op: Any) -> bool:
        readers = self.readers.get(int(op.outputs[0]), [])
        return self.kind(op) in _PADS and bool(readers) and _WINDOWS.issuperset(readers)

    def _is_free(self, op: Any) -> bool:
        readers = self.readers.get(int(op.outputs[0]), [])
        computed = int(op.inputs[0]) in self.made
        return (
            self.kind(op) == "RESHAPE" and computed and bool(readers) and MOVES.isdisjoint(readers)
        )

    def _stand_in(self, index: int) -> int:
        if index not in self.sources:
            return index
        if index not in self.instead:
            self.instead[index] = self._find(index)
        return self.instead[index]

    def _find(self, index: int) -> int:
        computed = [i for i in reversed(self.made) if i not in self.sources[index]]
        fitting = [i for i in (*self.sources[index], *computed) if self._alike(i, index)]
        for candidate in (*(i for i in fitting if i not in self.read), *fitting):
            return candidate
        for candidate in self.further:
            if self._alike(candidate, index):
                return candidate
        # Nobody writes the tensor any more, so that it can be an input.
        self.further.append(index)
        return index

    def _alike(self, a: int, b: int) -> bool:
        one, other = self.graph.tensors[a], self.graph.tensors[b]
        return one.type == other.type and shape_of(one) == shape_of(other)


def _signature(graph: Any) -> Any:
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = SIGNATURE, 0
    signature.inputs = _ports(graph, graph.inputs)
    signature.outputs = _ports(graph, graph.outputs)
    return signature


def _ports(graph: Any, indices: Sequence[int]) -> list[Any]:
    ports = []
    for index in indices:
        port = schema.TensorMapT()
        port.name, port.tensorIndex = name_of(graph.tensors[index]), int(index)
        ports.append(port)
    return ports


def _port(tensor: Any) -> PortSpec:
    shape = shape_of(tensor)
    return PortSpec(name_of(tensor), shape, tuple(range(len(shape))))
