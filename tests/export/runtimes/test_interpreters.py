from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from _edgeship.errors import InputError
from _edgeship.export.runtimes.interpreters import RUNTIMES, open_interpreter
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from tests.export import two_convs

FILE = two_convs.tflite_bytes(two_convs.weights())


@pytest.mark.parametrize(
    ("runtime", "command"),
    [
        ("litert", "pip install ai-edge-litert"),
        ("litert-reference", "pip install ai-edge-litert"),
        ("tensorflow", "pip install 'edgeship[tensorflow]'"),
        ("tflite-runtime", "pip install tflite-runtime 'numpy<2' (Python <= 3.11)"),
    ],
)
def test_runtime_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, runtime: str, command: str
) -> None:
    monkeypatch.setitem(sys.modules, RUNTIMES[runtime].module, None)
    with pytest.raises(InputError, match=f"The {runtime} runtime is not installed") as caught:
        open_interpreter(FILE, runtime)
    assert command in caught.value.todo
    assert caught.value.exit_code == 2


def test_tensorflow_without_its_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("tensorflow")
    module.lite = ModuleType("tensorflow.lite")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tensorflow", module)
    with pytest.raises(InputError, match="does not work in this environment") as caught:
        open_interpreter(FILE, "tensorflow")
    assert "Interpreter" in caught.value.why


def test_runtime_built_for_another_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    # What tflite-runtime 2.14 does under NumPy 2: the import works, the first call does not.
    def create(**options: object) -> None:
        raise SystemError("returned a result with an exception set") from ImportError(
            "numpy.core.multiarray failed to import"
        )

    module = ModuleType("tflite_runtime.interpreter")
    module.Interpreter = create  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tflite_runtime", ModuleType("tflite_runtime"))
    monkeypatch.setitem(sys.modules, "tflite_runtime.interpreter", module)
    with pytest.raises(InputError, match="does not work in this environment") as caught:
        open_interpreter(FILE, "tflite-runtime")
    assert "numpy.core.multiarray" in caught.value.why
    assert "numpy<2" in caught.value.todo


def test_unknown_runtime() -> None:
    with pytest.raises(InputError, match="no runtime called 'coreml'") as caught:
        open_interpreter(FILE, "coreml")
    assert "litert-reference" in caught.value.todo


@pytest.mark.parametrize("bits", [None, 8, 16])
def test_intermediates_are_written_by_the_delegate_too(bits: int | None) -> None:
    file = FILE if bits is None else two_convs.quantized_bytes(FILE, bits)
    [sample] = two_convs.samples(1)
    hidden = []
    for runtime in ("litert", "litert-reference"):
        session = TFLiteSession(file, two_convs.IO, runtime, keep_intermediates=True)
        session.run(sample)
        [detail] = [d for d in session.tensors().values() if d["name"] == "file/hidden"]
        hidden.append(session.tensor(detail))
    assert hidden[0].std() > 0.1
    step = 0.0 if bits is None else detail["quantization_parameters"]["scales"][0]
    assert np.allclose(hidden[0], hidden[1], rtol=1e-5, atol=1e-5 + step)
