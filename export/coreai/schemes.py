"""The quantization schemes of .aimodel folders."""

from __future__ import annotations

from _edgeship.export.contract.schemes import Scheme, table

SCHEMES = table(
    Scheme("none", "float32", "float32", "fp32", "float"),
    Scheme("fp16", "float16", "float16", "fp16", "fp16", base="none"),
    # Activations in uint8 between quantize and dequantize, what has none of them in float16.
    Scheme("int8", "int8", "uint8", "int8", "int8", calibrated=True, base="fp16"),
    # Compressed weights, which are unpacked before a convolution computes in float16.
    Scheme("int8-weights", "int8", "float16", "int8_weights", "int8-weights", base="fp16"),
    Scheme("palette8", "8-bit palette", "float16", "palette8", "palette8", base="fp16"),
    Scheme("palette6", "6-bit palette", "float16", "palette6", "palette6", base="fp16"),
    Scheme("palette4", "4-bit palette", "float16", "palette4", "palette4", base="fp16"),
)

#: Scheme -> bits of the indices into a palette.
PALETTE_BITS = {"palette4": 4, "palette6": 6, "palette8": 8}
