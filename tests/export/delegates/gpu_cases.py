"""Files of one operator on both sides of the rules of `export.delegates.gpu_rules`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from _edgeship.export.runtimes.tflite_ports import FileIO, PortSpec
from _edgeship.export.tflite.building.graph import TfliteGraph, options
from _edgeship.export.tflite.writer import from_bytes, to_bytes, to_model

#: A constant's values, or shape and type of what is computed.
Spec = np.ndarray | tuple[tuple[int, ...], str]


@dataclass(frozen=True)
class Case:
    """A file of one operator.

    Attributes:
        kind: The operator.
        inputs: What it reads; one that is given twice is one tensor.
        outputs: What it writes.
        options: Name of its options in the schema, and fields.
        version: Instead of the lowest that there is.
        refused: How the rule's reason begins by which it is refused; "" if it is taken.
    """

    kind: str
    inputs: Sequence[Spec]
    outputs: Sequence[Spec]
    options: tuple[str, dict[str, Any]] | None = None
    version: int | None = None
    refused: str = ""

    def data(self) -> bytes:
        graph = TfliteGraph()
        places = {id(spec): _add(graph, f"t{n}", spec) for n, spec in enumerate(self._tensors())}
        graph.inputs = [
            place for place in dict.fromkeys(places[id(spec)] for spec in self.inputs)
            if graph.tensors[place].data is None
        ]  # fmt: skip
        graph.outputs = [places[id(spec)] for spec in self.outputs]
        opts = None if self.options is None else options(self.options[0], **self.options[1])
        graph.add(self.kind, [places[id(spec)] for spec in self.inputs], graph.outputs, opts)
        io = FileIO(_ports(graph, graph.inputs), _ports(graph, graph.outputs))
        model = to_model(graph, io, "case")
        if self.version is None:
            return to_bytes(model)
        return _with_version(to_bytes(model), self.version)

    def _tensors(self) -> list[Spec]:
        return list({id(spec): spec for spec in (*self.inputs, *self.outputs)}.values())


def _ports(graph: TfliteGraph, places: Sequence[int]) -> tuple[PortSpec, ...]:
    tensors = [graph.tensors[place] for place in places]
    return tuple(PortSpec(one.name, one.shape, tuple(range(len(one.shape)))) for one in tensors)


def _with_version(data: bytes, version: int) -> bytes:
    import flatbuffers

    model = from_bytes(data)
    model.operatorCodes[0].version = version
    builder = flatbuffers.Builder(1 << 12)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _add(graph: TfliteGraph, name: str, spec: Spec) -> int:
    if isinstance(spec, np.ndarray):
        return graph.constant(name, spec)
    return graph.tensor(name, spec[0], np.dtype(spec[1]))


def t(*shape: int, dtype: str = "float32") -> Spec:
    """Something computed, of its own."""
    return (tuple(shape), dtype)


def i(*values: Any) -> np.ndarray:
    return np.array(values, np.int32)


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


_CONV: dict[str, Any] = {
    "strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1
}  # fmt: skip
_ONE = t(1, 4, 4, 8)
_MASKS = "Slice does not support ellipsis_mask"
_MISMATCH = "STRIDED_SLICE input/params"

#: Every rule has operators here that it refuses, and ones that are nearly the same and are taken.
CASES = (
    Case("ARG_MIN", [t(1, 8), i(1)], [t(1, dtype="int32")], ("ArgMinOptions", {"outputType": 2}),
         refused="Operation is not supported."),
    Case("ARG_MAX", [t(1, 8), i(1)], [t(1, dtype="int32")], ("ArgMaxOptions", {"outputType": 2})),
    Case("ARG_MAX", [t(1, 8), i(1)], [t(1, dtype="int64")], ("ArgMaxOptions", {"outputType": 4}),
         refused="Tensor type is not supported."),
    Case("SUB", [t(1, 8), t(1, 8)], [t(1, 8)], ("SubOptions", {}), version=3,
         refused="Its version is newer"),
    Case("SUB", [t(1, 8), t(1, 8)], [t(1, 8)], ("SubOptions", {}), version=2),
    Case("ABS", [t(1, 2, 2, 2, 2)], [t(1, 2, 2, 2, 2)], refused="Tensor dimensions must be"),
    Case("ABS", [t(2, 2, 2, 2)], [t(2, 2, 2, 2)]),
    Case("ABS", [t(4, dtype="int32")], [t(4, dtype="int32")]),
    Case("EXP", [t(4, dtype="int32")], [t(4, dtype="int32")], refused="Tensor type is not"),
    Case("ADD", [t(1, 8, dtype="int64"), t(1, 8, dtype="int64")], [t(1, 8, dtype="int64")],
         ("AddOptions", {}), refused="Tensor type is not supported."),
    Case("LESS", [t(1, 8), t(1, 8)], [t(1, 8, dtype="bool")]),
    Case("LOGICAL_NOT", [t(1, 8, dtype="bool")], [t(1, 8, dtype="bool")]),
    Case("CAST", [t(1, 8, dtype="bool")], [t(1, 8)], ("CastOptions", {"inDataType": 6})),
    Case("RESHAPE", [t(1, 8), t(2, dtype="int32")], [t(2, 4)], ("ReshapeOptions", {}),
         refused="Expected 1 runtime input"),
    Case("RESHAPE", [t(1, 8), i(2, 4)], [t(2, 4)], ("ReshapeOptions", {"newShape": [2, 4]})),
    Case("MAXIMUM", [_ONE, _ONE], [t(1, 4, 4, 8)], refused="No support of few identical"),
    Case("MUL", [_ONE, _ONE], [t(1, 4, 4, 8)], ("MulOptions", {})),
    Case("ADD", [_ONE, _ONE], [t(1, 4, 4, 8)], ("AddOptions", {})),
    Case("MUL", [t(1, 4, 4, 8), t()], [t(1, 4, 4, 8)], ("MulOptions", {}),
         refused="Inputs dimensions sizes don't match"),
    Case("MUL", [t(1, 4, 4, 8), t(4, 8)], [t(1, 4, 4, 8)], ("MulOptions", {})),
    Case("MUL", [t(1, 4, 4, 8), ones(8)], [t(1, 4, 4, 8)], ("MulOptions", {})),
    Case("LOGICAL_AND", [t(1, 8, dtype="bool"), np.array([True])], [t(1, 8, dtype="bool")],
         refused="Can't parse inputs with const"),
    Case("CONV_2D", [t(1, 4, 4, 8), t(8, 1, 1, 8), t(8)], [t(1, 4, 4, 8)],
         ("Conv2DOptions", _CONV), refused="Expected 1 or 2 input tensor(s)."),
    Case("CONV_2D", [ones(1, 4, 4, 8), t(8, 1, 1, 8), ones(8)], [t(1, 4, 4, 8)],
         ("Conv2DOptions", _CONV), refused="input must be a runtime tensor"),
    Case("CONV_2D", [t(1, 4, 4, 8), ones(8, 1, 1, 8), ones(8)], [t(1, 4, 4, 8)],
         ("Conv2DOptions", _CONV)),
    Case("DEPTHWISE_CONV_2D", [t(1, 4, 4, 8), ones(1, 1, 1, 16), ones(16)], [t(1, 4, 4, 16)],
         ("DepthwiseConv2DOptions", {**_CONV, "depthMultiplier": 1}),
         refused="output.c != input.c"),
    Case("DEPTHWISE_CONV_2D", [t(1, 4, 4, 8), ones(1, 1, 1, 16), ones(16)], [t(1, 4, 4, 16)],
         ("DepthwiseConv2DOptions", {**_CONV, "depthMultiplier": 2})),
    Case("FULLY_CONNECTED", [t(1, 8), t(4, 8), t(4)], [t(1, 4)], ("FullyConnectedOptions", {}),
         refused="Expected 1 or 2 input tensor(s)."),
    Case("FULLY_CONNECTED", [t(1, 8), ones(4, 8), ones(4)], [t(1, 4)],
         ("FullyConnectedOptions", {})),
    Case("FULLY_CONNECTED", [t(1, 2, 8), ones(4, 8), ones(4)], [t(1, 2, 4)],
         ("FullyConnectedOptions", {"keepNumDims": True})),
    Case("BATCH_MATMUL", [ones(8, 8), t(8, 8)], [t(8, 8)], ("BatchMatMulOptions", {}),
         refused="Not supported batched mat mul"),
    Case("BATCH_MATMUL", [t(8, 8), ones(8, 8)], [t(8, 8)], ("BatchMatMulOptions", {})),
    Case("GATHER", [t(8, 4), i([0, 1], [2, 3])], [t(2, 2, 4)], ("GatherOptions", {}),
         refused="Only support 1D indices"),
    Case("GATHER", [t(8, 4), np.array([0, 1])], [t(2, 4)], ("GatherOptions", {}),
         refused="Only accept INT32 indices"),
    Case("GATHER", [t(8, 4), i(0, 1)], [t(2, 4)], ("GatherOptions", {})),
    Case("CUMSUM", [t(1, 8), t(dtype="int32")], [t(1, 8)], ("CumsumOptions", {}),
         refused="Tensor type is not supported."),
    Case("CUMSUM", [t(1, 8), np.array(1, np.int32)], [t(1, 8)], ("CumsumOptions", {})),
    Case("SUM", [t(8), np.array([0])], [t()], ("ReducerOptions", {}),
         refused="It is only supported with constant axes."),
    Case("SUM", [t(8), i(0)], [t()], ("ReducerOptions", {})),
    Case("MIRROR_PAD", [t(1, 4, 4, 8), np.ones((4, 2), np.int32)], [t(3, 6, 6, 10)],
         ("MirrorPadOptions", {"mode": 1}), refused="Only Reflective padding"),
    Case("MIRROR_PAD", [t(1, 4, 4, 8), i([0, 0], [1, 1], [1, 1], [0, 0])], [t(1, 6, 6, 8)],
         ("MirrorPadOptions", {"mode": 0})),
    Case("PAD", [t(4, 8), i([1, 1], [0, 0])], [t(6, 8)], ("PadOptions", {}),
         refused="Invalid paddings tensor shape"),
    Case("PAD", [t(1, 4, 8), i([0, 0], [1, 1], [0, 0])], [t(1, 6, 8)], ("PadOptions", {})),
    Case("PAD", [t(1, 4, 8), np.zeros((3, 2), np.int64)], [t(1, 4, 8)], ("PadOptions", {}),
         refused="Paddings must be constants of int32"),
    Case("PADV2", [t(1, 4, 8, dtype="int16"), np.zeros((3, 2), np.int32), np.array(0, np.int16)],
         [t(1, 4, 8, dtype="int16")], ("PadV2Options", {}), refused="Unsupported data type"),
    Case("PADV2", [t(1, 4, 8), np.zeros((3, 2), np.int32), np.array(1, np.float32)],
         [t(1, 4, 8)], ("PadV2Options", {})),
    Case("ONE_HOT", [t(1, 4, dtype="int32"), np.array(8, np.int32), np.array(1, np.float32),
         np.array(0, np.float32)], [t(1, 8, 4)], ("OneHotOptions", {"axis": 1}),
         refused="OneHot axis must be"),
    Case("ONE_HOT", [t(1, 4, dtype="int32"), np.array(8, np.int32), np.array(1, np.float32),
         np.array(0, np.float32)], [t(1, 4, 8)], ("OneHotOptions", {"axis": -1})),
    Case("PRELU", [t(1, 4, 4, 8), ones(1, 4, 1)], [t(1, 4, 4, 8)], refused="Alpha shape does not"),
    Case("PRELU", [t(1, 4, 4, 8), ones(1, 1, 8)], [t(1, 4, 4, 8)]),
    Case("PRELU", [t(1, 4, 4, 8), ones(4, 4, 8)], [t(1, 4, 4, 8)]),
    Case("RESIZE_BILINEAR", [t(1, 4, 4, 8), i(8, 8)], [t(1, 8, 8, 8)],
         ("ResizeBilinearOptions", {"halfPixelCenters": True})),
    Case("SELECT_V2", [t(1, 4, 4, 8, dtype="bool"), t(1, 1, 1, 8), t(1, 4, 4, 8)],
         [t(1, 4, 4, 8)], refused="Cond must be float or bool"),
    Case("SELECT_V2", [t(1, 4, 4, 8, dtype="bool"), t(1, 4, 4, 8), t(1, 4, 4, 8)],
         [t(1, 4, 4, 8)]),
    Case("SLICE", [t(1, 8), t(2, dtype="int32"), i(1, 4)], [t(1, 4)],
         refused="Slicing starts count"),
    Case("SLICE", [t(1, 8), i(0, 2), i(1, 4)], [t(1, 4)]),
    Case("SOFTMAX", [t(1, 8)], [t(1, 8)], ("SoftmaxOptions", {"beta": 2.0}),
         refused="Softmax.beta != 1"),
    Case("SOFTMAX", [t(1, 8)], [t(1, 8)], ("SoftmaxOptions", {"beta": 1.0})),
    Case("DEPTH_TO_SPACE", [t(1, 4, 4, 8)], [t(1, 4, 4, 8)],
         ("DepthToSpaceOptions", {"blockSize": 1}), refused="block_size = 1"),
    Case("DEPTH_TO_SPACE", [t(1, 4, 4, 8)], [t(1, 8, 8, 2)],
         ("DepthToSpaceOptions", {"blockSize": 2})),
    Case("STRIDED_SLICE", [t(4, 8), i(1, 0), i(2, 8), i(1, 1)], [t(8)],
         ("StridedSliceOptions", {"shrinkAxisMask": 1}), refused=_MASKS),
    Case("STRIDED_SLICE", [t(4, 8), i(1, 0), i(2, 8), i(1, 1)], [t(1, 8)],
         ("StridedSliceOptions", {})),
    Case("STRIDED_SLICE", [t(1, 4, 4, 8), i(0), i(1), i(1)], [t(1, 4, 4, 8)],
         ("StridedSliceOptions", {}), refused=_MISMATCH),
    Case("STRIDED_SLICE", [t(4, 8), i(3, 0), i(0, 8), i(-1, 1)], [t(3, 8)],
         ("StridedSliceOptions", {}), refused="Reverse slices"),
    Case("TOPK_V2", [t(1, 8), t(dtype="int32")], [t(1, 4), t(1, 4, dtype="int32")],
         refused="Expected 1 runtime input"),
    Case("TOPK_V2", [t(1, 8), np.array(4, np.int32)], [t(1, 4), t(1, 4, dtype="int32")]),
    Case("TRANSPOSE", [t(8), i(0)], [t(8)], refused="Permutation for transpose"),
    Case("TRANSPOSE", [t(4, 8), i(1, 0)], [t(8, 4)]),
    Case("DEQUANTIZE", [t(1, 8, dtype="int8")], [t(1, 8)], ("DequantizeOptions", {}),
         refused="Dequantize for Densify"),
    Case("UNPACK", [t(2, 8)], [t(8), t(8)], ("UnpackOptions", {"num": 2, "axis": 0})),
    Case("PACK", [t(8), t(8)], [t(2, 8)], ("PackOptions", {"valuesCount": 2, "axis": 0})),
    Case("SQUARE", [t(1, 8)], [t(1, 8)]),
    Case("SQUARED_DIFFERENCE", [t(1, 8), t(1, 8)], [t(1, 8)]),
    Case("REDUCE_ANY", [t(1, 8, dtype="bool"), i(1)], [t(1, dtype="bool")],
         ("ReducerOptions", {})),
    Case("SPLIT_V", [t(1, 8), i(4, 4), np.array(1, np.int32)], [t(1, 4), t(1, 4)],
         ("SplitVOptions", {"numSplits": 2})),
)  # fmt: skip
