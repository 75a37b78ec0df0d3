"""The quantization schemes of deployable .onnx files."""

from __future__ import annotations

from _edgeship.export.contract.schemes import Scheme, table

SCHEMES = table(
    Scheme("none", "float32", "float32", "fp32", "float"),
    Scheme("fp16", "float16", "float16 or float32", "fp16", "fp16", base="none"),
    Scheme("int8", "int8", "uint8", "int8", "int8", calibrated=True, base="none"),
)
