"""The quantization schemes of .tflite files."""

from __future__ import annotations

from _edgeship.export.contract.schemes import Scheme, table

SCHEMES = table(
    Scheme("none", "float32", "float32", "fp32", "float"),
    Scheme("fp16", "float16", "float16 or float32", "fp16", "fp16", base="none"),
    Scheme("dynamic", "int8", "float32", "dynamic", "dynamic", base="none"),
    Scheme(
        name="int8",
        weights="int8",
        activations="int8",
        suffix="int8",
        tolerance="int8",
        calibrated=True,
        base="none",
        io_dtypes=("float32", "int8", "uint8"),
    ),
    Scheme("int16x8", "int8", "int16", "int16x8", "int16x8", calibrated=True, base="none"),
    # Compressed weights, which are unpacked before a kernel computes in float32.
    Scheme("int8-weights", "int8", "float32", "int8_weights", "int8-weights", base="none"),
    Scheme("int4-weights", "int4", "float32", "int4_weights", "int4-weights", base="none"),
)
