"""Find the first tensor of a file that departs from the ONNX graph it came from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.tflite_session import TFLiteSession, from_file
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.tflite.building.layout import Perm
from _edgeship.export.tflite.reading import ModelRecord, read_model
from _edgeship.export.verification.divergence import onnx_values, out_of_tolerance
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parity import Parity


@dataclass(frozen=True)
class Divergence:
    """The first tensor that is out of tolerance.

    Attributes:
        tflite_name: The tensor in the file.
        onnx_name: The value of the ONNX graph it should equal.
        index: The position of the operator that writes it, from 0.
        op: The kind of that operator, such as ``CONV_2D``.
        max_abs: The largest absolute error; inf if the shapes differ.
        max_rel: The same divided by the range of the ONNX value.
        sqnr_db: Signal to quantization noise in dB; -inf if the shapes differ.
    """

    tflite_name: str
    onnx_name: str
    index: int
    op: str
    max_abs: float
    max_rel: float
    sqnr_db: float


def first_divergence(
    onnx_bytes: bytes,
    tflite_bytes: bytes,
    trace: Mapping[str, tuple[str, Perm]],
    sample: Sample,
    io: FileIO,
    *,
    min_sqnr_db: float | None = None,
    runtime: str = "litert",
    fed: Sample | None = None,
) -> Divergence | None:
    """Walk the file's operators in order and name the first that computes something else.

    Args:
        onnx_bytes: The serialized ``ModelProto`` the file was written from.
        tflite_bytes: The whole file.
        trace: Tensor name to the ONNX value it holds and its permutation: axis ``k`` of the
            tensor holds axis ``perm[k]`` of the value. Tensors that are not traced, and traced
            values the ONNX graph does not compute, are passed over.
        sample: Input name to float32 array in ONNX axis order.
        io: How the file's inputs and outputs relate to the ONNX graph's.
        min_sqnr_db: For a quantized file, the SQNR in dB a tensor must reach. By default the
            tolerance for float is applied.
        runtime: The runtime to run the file with; see `export.runtimes.running.run_tflite`.
        fed: The same as the file takes it; by default the sample itself.

    Returns:
        The first tensor out of tolerance, or None.

    Raises:
        InputError: The runtime is not installed or not usable, or the sample does not fit.
        VerificationError: ONNX Runtime or the runtime fails.
    """
    session = TFLiteSession(tflite_bytes, io, runtime, keep_intermediates=True)
    session.run(sample if fed is None else fed)
    expected = onnx_values(onnx_bytes, {name for name, _ in trace.values()}, sample)
    details = session.tensors()
    for index, op, tensor_index in _written_tensors(read_model(tflite_bytes)):
        detail = details[tensor_index]
        onnx_name, perm = trace.get(detail["name"], ("", ()))
        if onnx_name not in expected:
            continue
        parity = _parity(expected[onnx_name], session.tensor(detail), perm)
        if out_of_tolerance(parity, min_sqnr_db):
            return Divergence(
                tflite_name=detail["name"],
                onnx_name=onnx_name,
                index=index,
                op=op,
                max_abs=parity.max_abs,
                max_rel=parity.max_rel,
                sqnr_db=parity.sqnr_db,
            )
    return None


def _parity(expected: np.ndarray, values: np.ndarray, perm: Perm) -> Parity:
    if values.ndim == len(perm):
        values = from_file(values, perm)
    if values.shape != expected.shape:
        return Parity(math.inf, math.inf, -math.inf, None)
    return compare([[expected]], [[values]])


def _written_tensors(model: ModelRecord) -> Iterator[tuple[int, str, int]]:
    """Yield the operator's position and kind and the tensor, for all outputs of all operators.

    Operators on constants alone, such as the DEQUANTIZE of float16 weights, are left out: a
    delegate folds them and never writes the tensor.
    """
    graph = model.subgraphs[0]
    constant = {index for index, tensor in enumerate(graph.tensors) if model.buffers[tensor.buffer]}
    for index, operator in enumerate(graph.operators):
        if constant.issuperset(operator.inputs):
            constant.update(operator.outputs)
            continue
        for output in operator.outputs:
            yield index, operator.kind, output
