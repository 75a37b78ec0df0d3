"""From a float file to a quantized one: our ranges, litert-quantizer's arithmetic."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np

from export.calibration.ranges import Ranges
from export.errors import VerificationError
from export.schemes import SCHEMES
from export.tflite.schema_names import TYPE_NAMES
from export.tflite.shared_ranges import share_ranges
from export.tflite.writer import from_bytes, set_metadata, to_bytes

#: XNNPACK computes in half precision on ARMv8.2 and later only where a file asks for it so.
REDUCED_PRECISION = ("reduced_precision_support", b"fp16accfp16")


def quantize(
    data: bytes, scheme: str, ranges: Ranges | None = None, io_dtype: str = "float32"
) -> bytes:
    """Return the file quantized.

    Args:
        data: The float32 file.
        scheme: A key of ``SCHEMES``.
        ranges: Tensor name -> (min, max), for schemes that are calibrated.
        io_dtype: Type of the file's inputs and outputs.

    Raises:
        VerificationError: If the written file's inputs or outputs are of another type.
    """
    if scheme == "none":
        return data
    from litert_quantizer import quantizer

    job = quantizer.Quantizer(bytearray(data))
    _add_recipe(job, scheme, io_dtype)
    statistics = None
    if SCHEMES[scheme].calibrated:
        if ranges is None:
            raise ValueError(f"the scheme {scheme} needs calibrated ranges")
        model = from_bytes(data)
        statistics = _statistics(model, share_ranges(model, ranges))
    with _quiet():
        quantized = job.quantize(
            statistics, enable_progress_bar=False, enable_progress_report=False
        ).quantized_model
    model = from_bytes(bytes(quantized))
    # The quantizer renumbers buffers but not the metadata that names them.
    model.metadata = []
    if scheme == "fp16":
        set_metadata(model, *REDUCED_PRECISION)
    _check_ports(model, io_dtype)
    return to_bytes(model)


def _add_recipe(job: Any, scheme: str, io_dtype: str) -> None:
    from litert_quantizer import qtyping, quantizer

    everything = qtyping.TFLOperationName.ALL_SUPPORTED
    if scheme == "fp16":
        half = qtyping.TensorQuantizationConfig(num_bits=16, dtype=qtyping.TensorDataType.FLOAT)
        config = qtyping.OpQuantizationConfig(
            weight_tensor_config=half,
            compute_precision=qtyping.ComputePrecision.FLOAT,
            explicit_dequantize=True,
        )
        algorithm = quantizer.AlgorithmName.FLOAT_CASTING
        job.update_quantization_recipe(".*", everything, config, algorithm_key=algorithm)
    elif scheme == "dynamic":
        job.add_dynamic_config(".*", everything, num_bits=8)
    else:
        bits = {"int8": 8, "int16x8": 16}[scheme]
        job.add_static_config(".*", everything, activation_num_bits=bits, weight_num_bits=8)
        _add_port_recipe(job, io_dtype)


def _add_port_recipe(job: Any, io_dtype: str) -> None:
    from litert_quantizer import qtyping, quantizer

    for port in (qtyping.TFLOperationName.INPUT, qtyping.TFLOperationName.OUTPUT):
        if io_dtype == "float32":
            none = quantizer.AlgorithmName.NO_QUANTIZE
            job.update_quantization_recipe(".*", port, algorithm_key=none)
        elif io_dtype == "uint8":
            config = qtyping.OpQuantizationConfig(
                activation_tensor_config=qtyping.TensorQuantizationConfig(
                    num_bits=8, symmetric=False, dtype=qtyping.TensorDataType.UINT
                ),
                weight_tensor_config=qtyping.TensorQuantizationConfig(
                    num_bits=8,
                    symmetric=True,
                    granularity=qtyping.QuantGranularity.CHANNELWISE,
                ),
                compute_precision=qtyping.ComputePrecision.INTEGER,
            )
            job.update_quantization_recipe(".*", port, config)


def _statistics(model: Any, ranges: Ranges) -> dict[str, dict[str, Any]]:
    """Return the ranges in litert-quantizer's form: arrays of the tensor's rank."""
    result = {}
    for tensor in model.subgraphs[0].tensors:
        name = tensor.name.decode() if isinstance(tensor.name, bytes) else tensor.name
        if name in ranges:
            shape = (1,) * len(tensor.shape if tensor.shape is not None else ())
            low, high = (np.full(shape, bound, np.float32) for bound in ranges[name])
            result[name] = {"min": low, "max": high}
    return result


def _check_ports(model: Any, io_dtype: str) -> None:
    graph = model.subgraphs[0]
    for index in (*graph.inputs, *graph.outputs):
        found = TYPE_NAMES[graph.tensors[index].type]
        if found != io_dtype and found in ("float32", "int8", "uint8", "int16"):
            raise VerificationError(
                f"the quantized file has a {found} port where {io_dtype} was asked for.",
                where="quantization",
            )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the quantizer's progress bars off the terminal; ours stands there."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        try:
            yield
        finally:
            logger.setLevel(level)
