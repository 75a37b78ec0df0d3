"""How a random node of each operator is made: one function an operator, or a kind of operators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper

if TYPE_CHECKING:
    from tests.fuzz.random_graphs import Builder


@dataclass(frozen=True)
class Value:
    """What a node may read."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def type(self) -> onnx.TypeProto:
        """Its type, as ONNX writes it."""
        element = helper.np_dtype_to_tensor_dtype(np.dtype(self.dtype))
        return helper.make_tensor_type_proto(element, self.shape)

    @staticmethod
    def of(name: str, kind: onnx.TypeProto) -> Value | None:
        """Return a value of an inferred type, None if its shape is not known."""
        tensor = kind.tensor_type
        dims = tensor.shape.dim
        if not tensor.HasField("shape") or not all(dim.HasField("dim_value") for dim in dims):
            return None
        dtype = helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        return Value(name, tuple(dim.dim_value for dim in dims), str(dtype))


Generate = Callable[["Builder", Value], object]

GENERATORS: dict[str, Generate] = {}


def _of(
    *kinds: str, dtype: str = "float32", ranks: range = range(7)
) -> Callable[[Generate], Generate]:
    """Register a function for operators; it is called with values that they can read."""

    def register(function: Callable[..., object]) -> Callable[..., object]:
        for kind in kinds:

            def generate(b: Builder, x: Value, kind: str = kind) -> object:
                if x.dtype == dtype and x.rank in ranks:
                    return function(b, x, kind)
                return None

            GENERATORS[kind] = generate
        return function

    return register  # type: ignore[return-value]


def _axis(b: Builder, x: Value) -> int:
    return int(b.rng.integers(-x.rank, x.rank))


def _second(b: Builder, x: Value) -> str:
    """Return another operand: a value of the same type, a constant that broadcasts, a number."""
    others = [v for v in b.values if v.dtype == x.dtype and v.shape == x.shape]
    way = b.rng.integers(4)
    if way == 0 and others:
        return str(b.pick(others).name)
    shape = [extent if b.rng.random() < 0.5 else 1 for extent in x.shape]
    shape = shape[int(b.rng.integers(len(shape) + 1)) :] if way == 1 else shape
    return b.floats(*shape, low=0.5, high=2.0)


@_of("Abs", "Ceil", "Cos", "Elu", "Erf", "Exp", "Floor", "HardSigmoid", "HardSwish", "Identity")
def _one(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name])


_of("LeakyRelu", "Neg", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin", "Softplus")(_one)
_of("Softsign", "Tanh", "Mish", "Celu", "ThresholdedRelu", "Atan", "Sinh")(_one)


@_of("Log", "Sqrt", "Reciprocal")
def _positive(b: Builder, x: Value, kind: str) -> object:
    """Behind an absolute value and a constant, so that they are defined."""
    b.add("Abs", [x.name])
    b.add("Add", [b.values[-1].name, b.floats(low=0.3, high=1.0)])
    return b.add(kind, [b.values[-1].name])


@_of("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean")
def _two(b: Builder, x: Value, kind: str) -> object:
    pair = [x.name, _second(b, x)]
    return b.add(kind, pair if kind == "Div" or b.rng.random() < 0.6 else pair[::-1])


@_of("Pow")
def _pow(b: Builder, x: Value, kind: str) -> object:
    b.add("Abs", [x.name])
    return b.add(kind, [b.values[-1].name, b.floats(low=0.5, high=3.0)])


@_of("Greater", "Less", "GreaterOrEqual", "LessOrEqual", "Equal")
def _compare(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name, _second(b, x)])


@_of("And", "Or", "Xor", dtype="bool")
def _logic(b: Builder, x: Value, kind: str) -> object:
    others = [v for v in b.values if v.dtype == "bool" and v.shape == x.shape]
    return b.add(kind, [x.name, b.pick(others).name])


@_of("Not", dtype="bool")
def _not(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name])


@_of("Where", dtype="bool")
def _where(b: Builder, x: Value, kind: str) -> object:
    like = [v for v in b.values if v.dtype == "float32" and v.shape == x.shape]
    first = b.pick(like).name if like else b.floats(*x.shape)
    return b.add(kind, [x.name, first, b.floats()])


@_of("Cast", dtype="bool")
def _cast(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name], to=TensorProto.FLOAT)


@_of("Clip")
def _clip(b: Builder, x: Value, kind: str) -> object:
    low = b.floats(low=-1.0, high=0.0) if b.rng.random() < 0.8 else ""
    high = b.floats(low=0.1, high=6.0) if b.rng.random() < 0.8 else ""
    return b.add(kind, [x.name, low, high])


@_of("PRelu", ranks=range(2, 6))
def _prelu(b: Builder, x: Value, kind: str) -> object:
    shape = b.pick([(x.shape[1], *(1 for _ in x.shape[2:])), (1,), x.shape])
    return b.add(kind, [x.name, b.floats(*shape)])


@_of("Softmax", "LogSoftmax", "Hardmax", "LpNormalization", ranks=range(1, 7))
def _along(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name], axis=_axis(b, x))


@_of(
    "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", ranks=range(1, 7)
)
def _reduce(b: Builder, x: Value, kind: str) -> object:
    count = int(b.rng.integers(1, x.rank + 1))
    axes = b.rng.permutation(x.rank)[: x.rank if b.rng.random() < 0.2 else count]
    if kind == "ReduceProd" and np.prod([x.shape[axis] for axis in axes]) > 8:
        return None  # a product next to zero differs among runtimes by as much as it is
    names = [x.name] if len(axes) == x.rank else [x.name, b.integers(axes)]
    return b.add(kind, names, keepdims=int(b.rng.integers(2)))


_of("ReduceL2", "ReduceLogSumExp", "ReduceSumSquare", ranks=range(1, 7))(_reduce)


@_of("ArgMax", "ArgMin", ranks=range(1, 6))
def _arg(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name], axis=_axis(b, x), keepdims=int(b.rng.integers(2)))


@_of("CumSum", ranks=range(1, 6))
def _cumsum(b: Builder, x: Value, kind: str) -> object:
    axis = b.constant(np.array(_axis(b, x), np.int64))
    return b.add(
        kind, [x.name, axis], reverse=int(b.rng.integers(2)), exclusive=int(b.rng.integers(2))
    )


@_of("Transpose", ranks=range(1, 7))
def _transpose(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name], perm=[int(axis) for axis in b.rng.permutation(x.rank)])


@_of("Reshape")
def _reshape(b: Builder, x: Value, kind: str) -> object:
    rest, shape = int(np.prod(x.shape)), []
    while rest > 1 and len(shape) < 4:
        part = b.pick([d for d in range(1, rest + 1) if rest % d == 0])
        shape.append(int(part))
        rest //= part
    shape.append(-1 if b.rng.random() < 0.5 else rest)
    return b.add(kind, [x.name, b.integers(shape)])


@_of("Flatten", ranks=range(1, 7))
def _flatten(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name], axis=int(b.rng.integers(x.rank + 1)))


@_of("Unsqueeze", ranks=range(4))
def _unsqueeze(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name, b.integers([int(b.rng.integers(x.rank + 1))])])


@_of("Squeeze")
def _squeeze(b: Builder, x: Value, kind: str) -> object:
    ones = [axis for axis, extent in enumerate(x.shape) if extent == 1]
    return b.add(kind, [x.name, b.integers([b.pick(ones)])]) if ones else None


@_of("Concat", ranks=range(1, 6))
def _concat(b: Builder, x: Value, kind: str) -> object:
    axis = _axis(b, x)
    shape = list(x.shape)
    shape[axis] = int(b.rng.integers(1, 4))
    others = [v.name for v in b.values if v.shape == x.shape and v.dtype == x.dtype]
    names = [x.name, b.pick(others), *([b.floats(*shape)] if b.rng.random() < 0.5 else [])]
    return b.add(kind, names, axis=axis)


@_of("Split", ranks=range(1, 6))
def _split(b: Builder, x: Value, kind: str) -> object:
    axis = _axis(b, x)
    if x.shape[axis] < 2:
        return None
    first = int(b.rng.integers(1, x.shape[axis]))
    sizes = b.integers([first, x.shape[axis] - first])
    return b.add(kind, [x.name, sizes], outputs=2, axis=axis)


@_of("Slice", ranks=range(1, 6))
def _slice(b: Builder, x: Value, kind: str) -> object:
    axis, step = _axis(b, x), int(b.pick([1, 1, 2, 3, -1, -2]))
    extent = x.shape[axis]
    start, end = sorted(int(v) for v in b.rng.integers(-extent, extent + 3, 2))
    start, end = (end, start) if step < 0 else (start, end)
    names = [b.integers([v]) for v in (start, end, axis, step)]
    return b.add(kind, [x.name, *names])


@_of("Gather", ranks=range(1, 5))
def _gather(b: Builder, x: Value, kind: str) -> object:
    axis = _axis(b, x)
    extent = x.shape[axis]
    shape = b.pick([(), (1,), (3,), (2, 2)])
    indices = b.constant(b.rng.integers(-extent, extent, shape).astype(np.int64))
    return b.add(kind, [x.name, indices], axis=axis)


@_of("GatherElements", ranks=range(1, 5))
def _gather_elements(b: Builder, x: Value, kind: str) -> object:
    axis = _axis(b, x)
    indices = b.constant(b.rng.integers(0, x.shape[axis], x.shape).astype(np.int64))
    return b.add(kind, [x.name, indices], axis=axis)


@_of("Pad", ranks=range(1, 6))
def _pad(b: Builder, x: Value, kind: str) -> object:
    mode = b.pick(["constant", "edge", "reflect"])
    most = [min(3, extent) for extent in x.shape]
    pads = [int(b.rng.integers(0, m)) if b.rng.random() < 0.5 else 0 for m in (*most, *most)]
    value = [b.floats()] if mode == "constant" and b.rng.random() < 0.5 else []
    return b.add(kind, [x.name, b.integers(pads), *value], mode=mode)


@_of("Tile", ranks=range(1, 5))
def _tile(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name, b.integers(b.rng.integers(1, 3, x.rank))])


@_of("Expand", ranks=range(1, 5))
def _expand(b: Builder, x: Value, kind: str) -> object:
    shape = [2 if extent == 1 and b.rng.random() < 0.7 else extent for extent in x.shape]
    return b.add(kind, [x.name, b.integers(shape)])


@_of("TopK", ranks=range(1, 5))
def _topk(b: Builder, x: Value, kind: str) -> object:
    axis = _axis(b, x)
    count = b.integers([int(b.rng.integers(1, x.shape[axis] + 1))])
    return b.add(kind, [x.name, count], outputs=2, axis=axis, largest=int(b.rng.integers(2)))


@_of("MatMul", ranks=range(1, 5))
def _matmul(b: Builder, x: Value, kind: str) -> object:
    if b.rng.random() < 0.7:
        return b.add(kind, [x.name, b.floats(x.shape[-1], int(b.rng.integers(1, 7)))])
    if x.rank < 2:
        return None
    b.add("Transpose", [x.name], perm=[*range(x.rank - 2), x.rank - 1, x.rank - 2])
    return b.add(kind, [x.name, b.values[-1].name])


@_of("Gemm", ranks=range(2, 3))
def _gemm(b: Builder, x: Value, kind: str) -> object:
    outputs, turned = int(b.rng.integers(1, 7)), int(b.rng.integers(2))
    transposed = int(b.rng.integers(2)) if b.rng.random() < 0.3 else 0
    inner = x.shape[0] if transposed else x.shape[1]
    weight = b.floats(*((outputs, inner) if turned else (inner, outputs)))
    bias = [b.floats(*b.pick([(outputs,), (1, outputs), ()]))] if b.rng.random() < 0.7 else []
    alpha = float(b.pick([1.0, 0.5]))
    return b.add(kind, [x.name, weight, *bias], transB=turned, transA=transposed, alpha=alpha)


@_of("Conv", "ConvTranspose", ranks=range(3, 5))
def _conv(b: Builder, x: Value, kind: str) -> object:
    channels, spatial = x.shape[1], x.rank - 2
    group = int(b.pick([1, 1, channels, *(g for g in (2, 3) if channels % g == 0)]))
    outputs = group * int(b.rng.integers(1, 3))
    kernel = [int(k) for k in b.rng.integers(1, 4, spatial)]
    shape = (outputs, channels // group) if kind == "Conv" else (channels, outputs // group)
    names = [x.name, b.floats(*shape, *kernel)]
    names += [b.floats(outputs)] if b.rng.random() < 0.5 else []
    attributes = {
        "strides": [int(s) for s in b.rng.integers(1, 3, spatial)],
        "group": group,
        "kernel_shape": kernel,
    }
    if b.rng.random() < 0.3:
        attributes["dilations"] = [int(d) for d in b.rng.integers(1, 3, spatial)]
    if b.rng.random() < 0.2:
        return b.add(
            kind, names, auto_pad=b.pick(["SAME_UPPER", "SAME_LOWER", "VALID"]), **attributes
        )
    pads = [int(b.rng.integers(0, k)) for k in (*kernel, *kernel)]
    return b.add(kind, names, pads=pads, **attributes)


@_of("MaxPool", "AveragePool", "LpPool", ranks=range(3, 5))
def _pool(b: Builder, x: Value, kind: str) -> object:
    spatial = x.rank - 2
    kernel = [int(k) for k in b.rng.integers(1, 4, spatial)]
    attributes = {
        "kernel_shape": kernel,
        "strides": [int(s) for s in b.rng.integers(1, 3, spatial)],
        "pads": [int(b.rng.integers(0, max(1, k // 2 + 1))) for k in (*kernel, *kernel)],
        "ceil_mode": int(b.rng.random() < 0.3),
    }
    if kind == "AveragePool":
        attributes["count_include_pad"] = int(b.rng.integers(2))
    return b.add(kind, [x.name], **attributes)


@_of("GlobalAveragePool", "GlobalMaxPool", ranks=range(3, 5))
def _global(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name])


@_of("BatchNormalization", ranks=range(2, 5))
def _batch_norm(b: Builder, x: Value, kind: str) -> object:
    c = x.shape[1]
    names = [b.floats(c), b.floats(c), b.floats(c), b.floats(c, low=0.5, high=1.5)]
    return b.add(kind, [x.name, *names])


@_of("InstanceNormalization", ranks=range(3, 5))
def _instance_norm(b: Builder, x: Value, kind: str) -> object:
    if np.prod(x.shape[2:]) < 4:
        return None
    return b.add(kind, [x.name, b.floats(x.shape[1]), b.floats(x.shape[1])])


@_of("LayerNormalization", ranks=range(1, 5))
def _layer_norm(b: Builder, x: Value, kind: str) -> object:
    axis = _axis(b, x)
    shape = x.shape[axis:]
    if np.prod(shape) < 4:
        return None
    return b.add(kind, [x.name, b.floats(*shape), b.floats(*shape)], axis=axis)


@_of("LRN", ranks=range(4, 5))
def _lrn(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name], size=int(b.pick([1, 3, 5])), alpha=0.1)


@_of("DepthToSpace", "SpaceToDepth", ranks=range(4, 5))
def _depth_space(b: Builder, x: Value, kind: str) -> object:
    mode = {"mode": b.pick(["DCR", "CRD"])} if kind == "DepthToSpace" else {}
    fits = x.shape[1] % 4 == 0 if kind == "DepthToSpace" else x.shape[2] % 2 == x.shape[3] % 2 == 0
    return b.add(kind, [x.name], blocksize=2, **mode) if fits else None


@_of("Resize", ranks=range(3, 5))
def _resize(b: Builder, x: Value, kind: str) -> object:
    mode = b.pick(["nearest", "linear", "cubic"] if x.rank == 4 else ["nearest", "linear"])
    sizes = [*x.shape[:2], *(int(v) for v in b.rng.integers(2, 13, x.rank - 2))]
    ways = ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"]
    attributes = {"mode": mode, "coordinate_transformation_mode": b.pick(ways)}
    if mode == "nearest":
        attributes["nearest_mode"] = b.pick(["floor", "round_prefer_floor"])
    return b.add(kind, [x.name, "", "", b.integers(sizes)], **attributes)


@_of("Einsum", ranks=range(2, 4))
def _einsum(b: Builder, x: Value, kind: str) -> object:
    letters = "abc"[: x.rank]
    weight = b.floats(x.shape[-1], int(b.rng.integers(1, 5)))
    return b.add(kind, [x.name, weight], equation=f"{letters},{letters[-1]}z->z{letters[:-1]}")
