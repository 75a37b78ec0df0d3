"""What litert-quantizer is told to do with operators: the recipe of a scheme."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

#: Schemes that round weights and compute with them in float -> the bits that weights keep.
WEIGHT_BITS = {"int8-weights": 8, "int4-weights": 4}


def add_recipe(job: Any, scheme: str, bits: int | None, io_dtype: str) -> None:
    """Say what becomes of every kind of operator, and of inputs and outputs.

    Args:
        job: A ``Quantizer``.
        scheme: Name of one of `export.tflite.schemes.SCHEMES`, but ``none``.
        bits: Of activations that are rounded by measured ranges; None if they are not.
        io_dtype: Type of the file's inputs and outputs.
    """
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
    elif scheme in WEIGHT_BITS:
        job.add_weight_only_config(".*", everything, num_bits=WEIGHT_BITS[scheme])
    elif scheme == "dynamic":
        job.add_dynamic_config(".*", everything, num_bits=8)
    elif bits is not None:
        job.add_static_config(".*", everything, activation_num_bits=bits, weight_num_bits=8)
        none = quantizer.AlgorithmName.NO_QUANTIZE
        for kind in (
            # The integer kernel fails on a divisor that is nearer to zero than half a step.
            qtyping.TFLOperationName.DIV,
            # Of two scales, equal numbers are not equal.
            qtyping.TFLOperationName.EQUAL,
            qtyping.TFLOperationName.NOT_EQUAL,
        ):
            job.update_quantization_recipe(".*", kind, algorithm_key=none)
        # Its integer kernels know no scale for a channel of a constant.
        job.add_static_config(
            ".*",
            qtyping.TFLOperationName.BATCH_MATMUL,
            activation_num_bits=bits,
            weight_num_bits=8,
            weight_granularity=qtyping.QuantGranularity.TENSORWISE,
        )
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


def leave_in_float(job: Any, tensors: Collection[str]) -> None:
    """Let the operators that compute some tensors compute them in float.

    The quantizer calls an operator by the names of its outputs, with a semicolon behind each.
    """
    from litert_quantizer import qtyping, quantizer

    names = "|".join(re.escape(name) for name in sorted(tensors))
    job.update_quantization_recipe(
        f"^(({names});)+$",
        qtyping.TFLOperationName.ALL_SUPPORTED,
        algorithm_key=quantizer.AlgorithmName.NO_QUANTIZE,
    )
