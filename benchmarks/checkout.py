"""Puts the checkout on Python's path, for benchmarks that use what the tests have; import it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
