from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.network.definition import LiveModule
from _edgeship.export.runtimes.running import run_onnx, run_tflite
from _edgeship.export.runtimes.tflite_ports import FileIO, PortSpec
from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.verification.judge import judge
from _edgeship.export.verification.metrics import compare
from tests.export import two_convs

ROOT = Path(__file__).parents[3]
WEIGHTS = two_convs.weights()
FILE = two_convs.tflite_bytes(WEIGHTS)


@pytest.fixture(scope="module")
def reference() -> Outputs:
    return LiveModule(two_convs.torch_net(WEIGHTS)).run(two_convs.samples())


def test_onnx_equals_torch(reference: Outputs) -> None:
    outputs = run_onnx(two_convs.onnx_bytes(WEIGHTS), two_convs.samples())
    assert [[a.shape for a in sample] for sample in outputs] == [[(1, 5, 6, 4)]] * 3
    assert judge(compare(reference, outputs), "float") is None


@pytest.mark.parametrize("runtime", ["litert", "litert-reference"])
@pytest.mark.parametrize("signature", [True, False])
def test_float_file_equals_torch(reference: Outputs, runtime: str, signature: bool) -> None:
    file = two_convs.tflite_bytes(WEIGHTS, signature=signature)
    outputs = run_tflite(file, two_convs.samples(), two_convs.IO, runtime)
    assert outputs[0][0].shape == (1, 5, 6, 4)
    assert outputs[0][0].dtype == np.float32
    assert judge(compare(reference, outputs), "float") is None


def test_a_wrong_weight_is_out_of_tolerance(reference: Outputs) -> None:
    wrong = two_convs.weights()
    wrong.kernel2[0, 0, 0, 0] += 0.01
    outputs = run_tflite(two_convs.tflite_bytes(wrong), two_convs.samples(), two_convs.IO)
    assert judge(compare(reference, outputs), "float") is not None


@pytest.mark.parametrize("runtime", ["litert", "litert-reference"])
@pytest.mark.parametrize(("bits", "kind"), [(8, "int8"), (16, "int16x8")])
def test_quantized_file_is_fed_and_read_in_real_values(
    reference: Outputs, runtime: str, bits: int, kind: str
) -> None:
    file = two_convs.quantized_bytes(FILE, bits)
    parity = compare(reference, run_tflite(file, two_convs.samples(), two_convs.IO, runtime))
    assert judge(parity, kind) is None
    assert parity.max_abs > 0.0


def test_float16_weights(reference: Outputs) -> None:
    file = two_convs.tflite_bytes(WEIGHTS, half_kernels=True)
    parity = compare(reference, run_tflite(file, two_convs.samples(), two_convs.IO))
    assert judge(parity, "fp16") is None
    assert judge(parity, "float") is not None


def test_every_sample_is_run(reference: Outputs) -> None:
    outputs = run_tflite(FILE, two_convs.samples()[::-1], two_convs.IO)
    assert judge(compare(reference[::-1], outputs), "float") is None
    assert judge(compare(reference, outputs), "float") is not None


def test_onnx_outputs_can_be_chosen() -> None:
    [[features]] = run_onnx(
        two_convs.onnx_bytes(WEIGHTS), two_convs.samples(1), outputs=["features"]
    )
    assert features.shape == (1, 5, 6, 4)
    with pytest.raises(VerificationError, match="fails when it runs"):
        run_onnx(two_convs.onnx_bytes(WEIGHTS), two_convs.samples(1), outputs=["nothing"])


def test_onnx_runtime_refusal_is_explained() -> None:
    with pytest.raises(VerificationError, match="refuses the graph") as caught:
        run_onnx(b"no protobuf at all", two_convs.samples(1))
    assert caught.value.why


@pytest.mark.parametrize("length", [0, 4, 100, len(FILE) // 2, len(FILE) - 8])
def test_truncated_file(length: int) -> None:
    with pytest.raises(VerificationError, match="litert runtime refuses the file") as caught:
        run_tflite(FILE[:length], two_convs.samples(1), two_convs.IO)
    assert caught.value.why


@pytest.mark.parametrize(
    ("runtime", "words"), [("litert", "failed to prepare"), ("litert-reference", "CONV_2D")]
)
def test_a_file_the_kernels_refuse(runtime: str, words: str) -> None:
    # A well-formed file whose second kernel has 3 input channels for a tensor of 4.
    weights = two_convs.weights()
    broken = two_convs.Weights(
        weights.kernel1, weights.bias1, weights.kernel2[:, :3], weights.bias2
    )
    with pytest.raises(VerificationError, match="refuses the file") as caught:
        run_tflite(two_convs.tflite_bytes(broken), two_convs.samples(1), two_convs.IO, runtime)
    assert words in caught.value.why


def test_signature_with_other_names() -> None:
    file = two_convs.tflite_bytes(WEIGHTS, output_name="Identity")
    with pytest.raises(VerificationError, match="outputs of the ONNX graph") as caught:
        run_tflite(file, two_convs.samples(1), two_convs.IO)
    assert "Identity" in caught.value.why


def test_file_without_signature_and_another_number_of_inputs() -> None:
    file = two_convs.tflite_bytes(WEIGHTS, signature=False)
    two_inputs = FileIO((*two_convs.IO.inputs, PortSpec("mask", (1,), (0,))), two_convs.IO.outputs)
    with pytest.raises(VerificationError, match="1 inputs where the ONNX graph has 2"):
        run_tflite(file, two_convs.samples(1), two_inputs)


def test_sample_that_does_not_fit() -> None:
    with pytest.raises(InputError, match="no input 'image'"):
        run_tflite(FILE, [{"picture": np.zeros(two_convs.IMAGE, np.float32)}], two_convs.IO)
    nhwc = np.zeros((1, 6, 4, 3), np.float32)
    with pytest.raises(InputError, match=r"\(1, 6, 4, 3\) where the file takes \(1, 3, 6, 4\)"):
        run_tflite(FILE, [{"image": nhwc}], two_convs.IO)


# In a process of its own, because a runtime announces its delegate only once.
SCRIPT = """
from tests.export import two_convs
from _edgeship.export.network.definition import LiveModule
from _edgeship.export.runtimes.running import run_tflite
data = two_convs.tflite_bytes(two_convs.weights())
if {quiet}:
    run_tflite(data, two_convs.samples(1), two_convs.IO)
else:
    from ai_edge_litert.interpreter import Interpreter
    Interpreter(model_content=data).allocate_tensors()
"""


@pytest.mark.slow
@pytest.mark.parametrize("quiet", [True, False])
def test_the_runtime_says_nothing_on_the_terminal(quiet: bool) -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", SCRIPT.format(quiet=quiet)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    assert ("INFO" not in done.stderr) == quiet
    if quiet:
        assert done.stderr == ""
