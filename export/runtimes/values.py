"""What goes into a network and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Sample = Mapping[str, np.ndarray]
"""Input name -> array in ONNX axis order, for one run."""

Outputs = list[list[np.ndarray]]
"""Per sample, the arrays of all outputs, in ONNX axis order."""
