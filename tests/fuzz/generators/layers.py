"""Nodes that are layers of networks: products, windows, norms, resized images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.fuzz.generators.registry import Value, axis_of, generates

if TYPE_CHECKING:
    from tests.fuzz.random_graphs import Builder


@generates("MatMul", ranks=range(1, 5))
def _matmul(b: Builder, x: Value, kind: str) -> object:
    if b.rng.random() < 0.7:
        return b.add(kind, [x.name, b.floats(x.shape[-1], int(b.rng.integers(1, 7)))])
    if x.rank < 2:
        return None
    b.add("Transpose", [x.name], perm=[*range(x.rank - 2), x.rank - 1, x.rank - 2])
    return b.add(kind, [x.name, b.values[-1].name])


@generates("Gemm", ranks=range(2, 3))
def _gemm(b: Builder, x: Value, kind: str) -> object:
    outputs, turned = int(b.rng.integers(1, 7)), int(b.rng.integers(2))
    transposed = int(b.rng.integers(2)) if b.rng.random() < 0.3 else 0
    inner = x.shape[0] if transposed else x.shape[1]
    weight = b.floats(*((outputs, inner) if turned else (inner, outputs)))
    bias = [b.floats(*b.pick([(outputs,), (1, outputs), ()]))] if b.rng.random() < 0.7 else []
    alpha = float(b.pick([1.0, 0.5]))
    return b.add(kind, [x.name, weight, *bias], transB=turned, transA=transposed, alpha=alpha)


@generates("Conv", "ConvTranspose", ranks=range(3, 5))
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


@generates("MaxPool", "AveragePool", "LpPool", ranks=range(3, 5))
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


@generates("GlobalAveragePool", "GlobalMaxPool", ranks=range(3, 5))
def _global(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name])


@generates("BatchNormalization", ranks=range(2, 5))
def _batch_norm(b: Builder, x: Value, kind: str) -> object:
    c = x.shape[1]
    names = [b.floats(c), b.floats(c), b.floats(c), b.floats(c, low=0.5, high=1.5)]
    return b.add(kind, [x.name, *names])


@generates("InstanceNormalization", ranks=range(3, 5))
def _instance_norm(b: Builder, x: Value, kind: str) -> object:
    if np.prod(x.shape[2:]) < 4:
        return None
    return b.add(kind, [x.name, b.floats(x.shape[1]), b.floats(x.shape[1])])


@generates("LayerNormalization", ranks=range(1, 5))
def _layer_norm(b: Builder, x: Value, kind: str) -> object:
    axis = axis_of(b, x)
    shape = x.shape[axis:]
    if np.prod(shape) < 4:
        return None
    return b.add(kind, [x.name, b.floats(*shape), b.floats(*shape)], axis=axis)


@generates("LRN", ranks=range(4, 5))
def _lrn(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name], size=int(b.pick([1, 3, 5])), alpha=0.1)


@generates("DepthToSpace", "SpaceToDepth", ranks=range(4, 5))
def _depth_space(b: Builder, x: Value, kind: str) -> object:
    mode = {"mode": b.pick(["DCR", "CRD"])} if kind == "DepthToSpace" else {}
    fits = x.shape[1] % 4 == 0 if kind == "DepthToSpace" else x.shape[2] % 2 == x.shape[3] % 2 == 0
    return b.add(kind, [x.name], blocksize=2, **mode) if fits else None


@generates("Resize", ranks=range(3, 5))
def _resize(b: Builder, x: Value, kind: str) -> object:
    mode = b.pick(["nearest", "linear", "cubic"] if x.rank == 4 else ["nearest", "linear"])
    sizes = [*x.shape[:2], *(int(v) for v in b.rng.integers(2, 13, x.rank - 2))]
    ways = ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"]
    attributes = {"mode": mode, "coordinate_transformation_mode": b.pick(ways)}
    if mode == "nearest":
        attributes["nearest_mode"] = b.pick(["floor", "round_prefer_floor"])
    return b.add(kind, [x.name, "", "", b.integers(sizes)], **attributes)


@generates("Einsum", ranks=range(2, 4))
def _einsum(b: Builder, x: Value, kind: str) -> object:
    letters = "abc"[: x.rank]
    weight = b.floats(x.shape[-1], int(b.rng.integers(1, 5)))
    return b.add(kind, [x.name, weight], equation=f"{letters},{letters[-1]}z->z{letters[:-1]}")
