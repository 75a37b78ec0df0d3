"""Files in a real browser without a screen, in WebAssembly and on WebGPU."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.errors import VerificationError
from _edgeship.export.runtimes.running import run_tflite
from _edgeship.export.tflite.browser_run import WASM, WEBGPU, run_in_browser
from tests.export.runtimes.browser_here import browser
from tests.export.tflite.test_gpu_by_rules import convolved
from tests.export.tflite.test_gpu_run import with_five_axes

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("scheme", ["none", "int8"])
def test_webassembly_computes_what_litert_does(scheme: str) -> None:
    browser()
    small = convolved(deep=True)
    data = small.quantized(scheme)
    samples = small.samples(2)
    run = run_in_browser(data, samples, small.io(), WASM)
    assert run.delegate is None
    for [one], [other] in zip(run.outputs, run_tflite(data, samples, small.io()), strict=True):
        np.testing.assert_allclose(one, other, atol=np.abs(other).max() * 1e-5, rtol=0)


def test_webgpu_says_what_it_takes() -> None:
    browser()
    small = with_five_axes()
    samples = small.samples(1)
    run = run_in_browser(small.data(), samples, small.io(), WEBGPU)
    [[one]], [[other]] = run.outputs, run_tflite(small.data(), samples, small.io())
    np.testing.assert_allclose(one, other, atol=1e-6)
    report = run.delegate
    assert report is not None
    assert 0 < report.taken < report.operators == 5
    assert report.software
    assert any("dimensions must be less than 5" in one.reason for one in report.left)


def test_types_that_litertjs_does_not_have_are_named() -> None:
    browser()
    small = convolved(deep=False)
    data = small.quantized("int8", "int8")
    with pytest.raises(VerificationError, match="fails on the file") as error:
        run_in_browser(data, small.samples(1), small.io())
    assert error.value.why == "Element type INT8 is not supported."
