"""Tests of the Core AI target: they need Apple's package coreai-core."""

import pytest

pytest.importorskip("coreai", reason="coreai-core is not installed; it needs Python 3.11")
