"""OpenVINO as a second opinion on files, in a process of its own."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.runtimes import openvino_run
from _edgeship.export.runtimes.openvino_run import run_in_openvino
from _edgeship.export.runtimes.running import run_tflite
from tests.export.tflite.small_graphs import Small
from tests.export.tflite.test_gpu_by_rules import convolved

needs_openvino = pytest.mark.skipif(
    find_spec("openvino") is None, reason="openvino is not installed: pip install openvino"
)


@needs_openvino
@pytest.mark.parametrize("scheme", ["none", "fp16", "int8"])
def test_it_computes_what_litert_does(scheme: str) -> None:
    small = convolved(deep=True)
    data = small.quantized(scheme)
    samples = small.samples(2)
    expected = run_tflite(data, samples, small.io(), "litert-reference")
    for [one], [other] in zip(run_in_openvino(data, samples, small.io()), expected, strict=True):
        scale = np.abs(other).max()
        # Of int8, it rounds values inside otherwise by a step.
        limit = scale / 64 if scheme == "int8" else scale * 1e-5
        np.testing.assert_allclose(one, other, atol=limit, rtol=0)


@needs_openvino
def test_inputs_and_outputs_of_integers_are_the_files() -> None:
    small = convolved(deep=False)
    data = small.quantized("int8", "int8")
    samples = small.samples(1)
    [[one]] = run_in_openvino(data, samples, small.io())
    [[other]] = run_tflite(data, samples, small.io(), "litert-reference")
    np.testing.assert_allclose(one, other, atol=np.abs(other).max() / 64, rtol=0)


def test_without_it_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_run, "find_spec", lambda name: None)
    small = Small(x=(1, 4)).op("ABS", "x", "y", (1, 4)).out("y")
    with pytest.raises(InputError, match="openvino runtime is not installed") as error:
        run_in_openvino(small.data(), [], small.io())
    assert error.value.todo == "install it: pip install 'edgeship[openvino]'"


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "by the signal SIGSEGV"),
        ("import time; time.sleep(60)", "did not finish within 1 s"),
        ("raise SystemExit('no openvino')", "exit code 1: no openvino"),
        (
            "import sys; from pathlib import Path\n"
            "(Path(sys.argv[1]) / 'refused.txt').write_text('not\\nfor me')",
            "not for me",
        ),
    ],
)
def test_a_crash_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, why: str
) -> None:
    path = tmp_path / "program.py"
    path.write_text(program)
    monkeypatch.setattr(openvino_run, "_PROGRAM", path)
    monkeypatch.setattr(openvino_run, "_LIMIT_S", 1.0 if "sleep" in program else 30.0)
    monkeypatch.setattr(openvino_run, "find_spec", lambda name: sys)
    small = Small(x=(1, 4)).op("ABS", "x", "y", (1, 4)).out("y")
    with pytest.raises(VerificationError, match="OpenVINO fails on the file") as error:
        run_in_openvino(small.data(), small.samples(1), small.io())
    assert why in error.value.why
