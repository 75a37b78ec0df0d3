"""Constants that a quantized file computes: integers of weights, their scales, what they stand for.

Nodes that depend on constants only are computed here, since what a QuantizeLinear does to a weight
must not be taken for what it does to an activation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.errors import InputError
from _edgeship.export.graph.onnx_graph import integer


def constant(value: ir.Value | None) -> NDArray[Any] | None:
    """Return the data of a constant, or None for a value that is missing or computed."""
    if value is None or value.const_value is None:
        return None
    return value.const_value.numpy()


def set_constant(graph: ir.Graph, value: ir.Value, data: NDArray[Any]) -> None:
    """Turn the result of a node into an initializer of the same name; the node is removed."""
    node = value.producer()
    tensor = ir.tensor(np.ascontiguousarray(data).reshape(data.shape), name=value.name)
    new = ir.Value(name=value.name, const_value=tensor, shape=ir.Shape(data.shape))
    new.type = ir.TensorType(tensor.dtype)
    value.replace_all_uses_with(new, replace_graph_outputs=True)
    if node is not None:
        graph.remove(node, safe=True)
    graph.register_initializer(new)


def dequantize(
    integers: NDArray[Any],
    scale: NDArray[Any],
    zero_point: NDArray[Any] | None,
    axis: int = 1,
    block: int = 0,
) -> NDArray[Any]:
    """Return what integers stand for, as ONNX's DequantizeLinear does, in the type of the scale.

    Args:
        integers: Of any rank and width.
        scale: One, one per place along ``axis``, or, with blocks, one per block along it.
        zero_point: Of the shape of ``scale``; None for 0.
        axis: Along which there are several scales.
        block: How many places share a scale; 0 where they are not in blocks.
    """
    steps = _spread(scale.astype(np.float32), integers.shape, axis, block)
    counts = integers.astype(np.int64)
    if zero_point is not None:
        counts = counts - _spread(zero_point.astype(np.int64), integers.shape, axis, block)
    real: NDArray[Any] = (counts.astype(np.float32) * steps).astype(scale.dtype)
    return real


def quantize(
    values: NDArray[Any],
    scale: NDArray[Any],
    zero_point: NDArray[Any],
    axis: int = 1,
    block: int = 0,
) -> NDArray[Any]:
    """Return the integers of QuantizeLinear, in the type of the zero point; see `dequantize`."""
    steps = _spread(scale.astype(np.float32), values.shape, axis, block)
    offset = _spread(zero_point.astype(np.int64), values.shape, axis, block)
    low, high = bounds(zero_point.dtype)
    with np.errstate(divide="ignore", invalid="ignore"):  # a scale of zero is the file's affair
        counts = np.rint(values.astype(np.float32) / steps).astype(np.int64) + offset
    limited: NDArray[Any] = np.clip(counts, low, high).astype(zero_point.dtype)
    return limited


def bounds(dtype: np.dtype[Any]) -> tuple[int, int]:
    """Return the smallest and the largest integer of a type, those of 4 bits among them."""
    import ml_dtypes

    info = ml_dtypes.iinfo(dtype)  # type: ignore[no-untyped-call]
    return int(info.min), int(info.max)


def fold_constant(graph: ir.Graph, node: ir.Node, opsets: dict[str, int]) -> bool:
    """Compute a node all of whose inputs are constants; its one result becomes an initializer.

    Returns:
        Whether it was computed: QuantizeLinear and DequantizeLinear by the formulas of this file,
        since ONNX Runtime has no kernels for some types and opsets; all else by ONNX Runtime.
    """
    data = [constant(value) for value in node.inputs]
    given = zip(node.inputs, data, strict=True)
    if not node.inputs or any(value is not None and one is None for value, one in given):
        return False
    if len(node.outputs) != 1:
        return False
    if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
        axis, block = integer(node, "axis", 1), integer(node, "block_size", 0)
        first, scale, zero = (*data, None, None)[:3]
        if first is None or scale is None:
            return False
        with fitting(node):
            if node.op_type == "QuantizeLinear":
                zero = np.zeros(scale.shape, _output_dtype(node)) if zero is None else zero
                results = [quantize(first, scale, zero, axis, block)]
            else:
                results = [dequantize(first, scale, zero, axis, block)]
    else:
        found = _run(node, opsets)
        if found is None:
            return False
        results = list(found)
    for output, result in zip(list(node.outputs), results, strict=True):
        set_constant(graph, output, result)
    return True


@contextmanager
def fitting(node: ir.Node) -> Iterator[None]:
    """Turn what NumPy says of shapes and types that do not go together into an error of ours.

    Raises:
        InputError: It names the node.
    """
    try:
        yield
    except (ArithmeticError, ValueError, IndexError, TypeError) as error:
        raise InputError(
            f"{node.op_type} {node.name or node.outputs[0].name}: its scale and zero point do not "
            "fit what they belong to.",
            where="prepare",
            why=str(error),
            todo="check the file with onnx.checker.check_model, and the tool that wrote it",
        ) from error


def _output_dtype(node: ir.Node) -> np.dtype[Any]:
    """Return the type of a QuantizeLinear without a zero point: uint8 unless it says otherwise."""
    code = integer(node, "output_dtype", 0)
    return np.dtype(ir.DataType(code).numpy()) if code else np.dtype(np.uint8)


def _run(node: ir.Node, opsets: dict[str, int]) -> Sequence[NDArray[Any]] | None:
    """Return what ONNX Runtime computes, or None for what it does not run."""
    import onnx
    import onnxruntime

    inputs = {str(value.name): constant(value) for value in node.inputs if value is not None}
    proto = ir.to_proto(node)
    graph = onnx.helper.make_graph(
        [proto],
        "constants",
        [],
        [onnx.ValueInfoProto(name=str(output.name)) for output in node.outputs],
        [onnx.numpy_helper.from_array(np.asarray(data), name) for name, data in inputs.items()],
    )
    imports = [onnx.helper.make_opsetid(domain, version) for domain, version in opsets.items()]
    model = onnx.helper.make_model(graph, opset_imports=imports, ir_version=10)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return list(session.run(None, {}))
    except Exception:  # ONNX Runtime's have no common base; who needs the value will say so
        return None


def _spread(values: NDArray[Any], shape: tuple[int, ...], axis: int, block: int) -> NDArray[Any]:
    """Return scales or zero points in a shape that broadcasts to that of the integers."""
    if values.size == 1:
        return values.reshape(())
    if block:
        axis %= len(shape)
        return np.repeat(values, block, axis).take(range(shape[axis]), axis)
    extents = [1] * len(shape)
    extents[axis] = -1
    return values.reshape(extents)
