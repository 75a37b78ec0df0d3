"""What ONNX Runtime, or the ONNX target, cannot run."""

from __future__ import annotations

from tests.conformance.refusals import common
from tests.conformance.refusals.refusal import Refusal

REFUSALS: tuple[Refusal, ...] = (*common.REFUSALS,)
