"""The quantization schemes of .aimodel folders."""

from __future__ import annotations

from _edgeship.export.contract.schemes import Scheme, table

SCHEMES = table(
    Scheme("none", "float32", "float32", "fp32", "float"),
)
