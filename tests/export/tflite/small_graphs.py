"""TFLite graphs of a few operators, for tests of what is done to whole files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.runtimes.quiet import captured_stderr
from _edgeship.export.runtimes.tflite_ports import FileIO, PortSpec
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.tflite.building.graph import Array, TfliteGraph, options
from _edgeship.export.tflite.calibrate import activation_ranges
from _edgeship.export.tflite.objects import kind_of, name_of
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.schema_names import OPERATOR_NAMES, TYPE_NAMES
from _edgeship.export.tflite.writer import from_bytes, to_bytes, to_model


class Small:
    """A graph built by names: inputs, constants and operators of one output.

    Every tensor is named as given; ``out`` says which are outputs of the file.
    """

    def __init__(self, **inputs: Shape) -> None:
        self.graph = TfliteGraph()
        self._tensors = {name: self.graph.tensor(name, shape) for name, shape in inputs.items()}
        self.graph.inputs = list(self._tensors.values())

    def constant(self, name: str, data: Any) -> Small:
        self._tensors[name] = self.graph.constant(name, np.asarray(data))
        return self

    def op(self, kind: str, inputs: str, outputs: str, *shapes: Shape, opts: Any = None) -> Small:
        """Append an operator; ``inputs`` and ``outputs`` are names with spaces between."""
        for name, shape in zip(outputs.split(), shapes, strict=True):
            self._tensors[name] = self.graph.tensor(name, shape)
        places = [[self._tensors[name] for name in names.split()] for names in (inputs, outputs)]
        self.graph.add(kind, *places, opts)
        return self

    def out(self, names: str) -> Small:
        self.graph.outputs = [self._tensors[name] for name in names.split()]
        return self

    def io(self) -> FileIO:
        def ports(indices: Sequence[int]) -> tuple[PortSpec, ...]:
            tensors = [self.graph.tensors[index] for index in indices]
            return tuple(PortSpec(t.name, t.shape, tuple(range(len(t.shape)))) for t in tensors)

        return FileIO(ports(self.graph.inputs), ports(self.graph.outputs))

    def data(self) -> bytes:
        return to_bytes(to_model(self.graph, self.io(), "small"))

    def samples(self, count: int = 8, low: float = -3.0, high: float = 3.0) -> list[dict[str, Any]]:
        rng = np.random.default_rng(0)
        shapes = {port.name: port.shape for port in self.io().inputs}
        return [
            {n: rng.uniform(low, high, s).astype(np.float32) for n, s in shapes.items()}
            for _ in range(count)
        ]

    def quantized(self, scheme: str, io_dtype: str = "float32", **bounds: float) -> bytes:
        """The file quantized on `samples` within the bounds."""
        data = self.data()
        ranges = activation_ranges(data, self.samples(**bounds), self.io())
        return quantize(data, scheme, ranges, io_dtype)

    def run(self, data: bytes, sample: dict[str, Any]) -> list[Array]:
        return TFLiteSession(data, self.io()).run(sample)


def add(kind: str = "Add", **fields: Any) -> Any:
    return options(f"{kind}Options", **fields)


def kinds(data: bytes) -> list[str]:
    """The kinds of a file's operators, in order."""
    model = from_bytes(data)
    return [OPERATOR_NAMES[kind_of(model, op)] for op in model.subgraphs[0].operators]


def types(data: bytes) -> dict[str, str]:
    """Name -> type of the file's tensors."""
    return {name_of(t): TYPE_NAMES[t.type] for t in from_bytes(data).subgraphs[0].tensors}


def scales(data: bytes) -> dict[str, tuple[float, int]]:
    """Name -> (scale, zero point) of the file's tensors that have one of each."""
    found = {}
    for tensor in from_bytes(data).subgraphs[0].tensors:
        q = tensor.quantization
        if q is not None and q.scale is not None and len(q.scale) == 1:
            found[name_of(tensor)] = (float(q.scale[0]), int(q.zeroPoint[0]))
    return found


def ranges_of(small: Small, **bounds: float) -> Ranges:
    return activation_ranges(small.data(), small.samples(**bounds), small.io())


def run_plain(data: bytes, inputs: Sequence[Array]) -> list[Array]:
    """Run with the built-in kernels alone, so that XNNPACK does not hide what they lack."""
    with captured_stderr():
        interpreter = Interpreter(
            model_content=data,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        interpreter.allocate_tensors()
    for port, values in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(port["index"], values)
    interpreter.invoke()
    return [interpreter.get_tensor(port["index"]) for port in interpreter.get_output_details()]


def sqnr_db(reference: Array, values: Array) -> float:
    """Signal to noise in dB."""
    error = np.square(reference.astype(np.float64) - values).sum()
    return float(10 * np.log10(np.square(reference.astype(np.float64)).sum() / max(error, 1e-300)))


def every_keeping_operator() -> Small:
    """One chain through most of what only moves elements."""
    nhwc = (1, 4, 4, 8)
    small = Small(x=nhwc)

    def ints(name: str, values: object) -> None:
        small.constant(name, np.array(values, np.int32))

    ints("pads", [[0, 0], [1, 1], [1, 1], [0, 0]])
    small.op("PAD", "x pads", "padded", (1, 6, 6, 8), opts=options("PadOptions"))
    small.op("MIRROR_PAD", "padded pads", "mirror", (1, 8, 8, 8), opts=options("MirrorPadOptions"))
    small.constant("lowest", np.float32(np.finfo(np.float32).min))
    border = options("PadV2Options")
    small.op("PADV2", "mirror pads lowest", "border", (1, 10, 10, 8), opts=border)
    pool = options("Pool2DOptions", strideH=2, strideW=2, filterHeight=2, filterWidth=2)
    small.op("MAX_POOL_2D", "border", "max", (1, 5, 5, 8), opts=pool)
    ints("perm", [0, 2, 1, 3])
    small.op("TRANSPOSE", "max perm", "turned", (1, 5, 5, 8), opts=options("TransposeOptions"))
    ints("begin", [0, 1, 1, 0])
    ints("extents", nhwc)
    small.op("SLICE", "turned begin extents", "cut", nhwc, opts=options("SliceOptions"))
    ints("axis", 3)
    halves = [(1, 4, 4, 4), (1, 4, 4, 4)]
    two = options("SplitOptions", numSplits=2)
    small.op("SPLIT", "axis cut", "left right", *halves, opts=two)
    ints("order", [3, 1, 0, 2])
    small.op("GATHER", "left order", "mixed", halves[0], opts=options("GatherOptions", axis=3))
    join = options("ConcatenationOptions", axis=3)
    small.op("CONCATENATION", "mixed right", "whole", nhwc, opts=join)
    ints("size", [8, 8])
    half = options("ResizeBilinearOptions", halfPixelCenters=True)
    small.op("RESIZE_BILINEAR", "whole size", "smooth", (1, 8, 8, 8), opts=half)
    nearest = options("ResizeNearestNeighborOptions")
    small.op("RESIZE_NEAREST_NEIGHBOR", "smooth size", "same", (1, 8, 8, 8), opts=nearest)
    deep, flat = (
        options(f"{kind}Options", blockSize=2) for kind in ("SpaceToDepth", "DepthToSpace")
    )
    small.op("SPACE_TO_DEPTH", "same", "deep", (1, 4, 4, 32), opts=deep)
    small.op("DEPTH_TO_SPACE", "deep", "flat", (1, 8, 8, 8), opts=flat)
    ints("strides", [1, 2, 2, 1])
    ints("start", [0, 0, 0, 0])
    ints("end", [1, 8, 8, 8])
    steps = options("StridedSliceOptions")
    small.op("STRIDED_SLICE", "flat start end strides", "every", nhwc, opts=steps)
    ints("space", [1, 2])
    keep = options("ReducerOptions", keepDims=True)
    return small.op("REDUCE_MAX", "every space", "y", (1, 1, 1, 8), opts=keep).out("y")
