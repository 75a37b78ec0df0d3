"""All architectures, by name."""

from __future__ import annotations

from tests.architectures import detection, mobile, pictures, residual, sequences, transformers
from tests.architectures.architecture import Architecture

ARCHITECTURES: dict[str, Architecture] = {
    **mobile.ARCHITECTURES,
    **residual.ARCHITECTURES,
    **transformers.ARCHITECTURES,
    **detection.ARCHITECTURES,
    **pictures.ARCHITECTURES,
    **sequences.ARCHITECTURES,
}
