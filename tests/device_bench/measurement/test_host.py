"""The host's inputs and outputs, and what a device may answer."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.device_bench.measurement import host
from _edgeship.device_bench.measurement.host import check_outputs, run_on_host
from _edgeship.errors import DeviceError, InputError, VerificationError
from _edgeship.export.runtimes import apart_starter
from tests.device_bench.small_files import SHAPE, chain, interpret, network

INT8 = chain("int8", "int8")


def test_outputs_are_those_of_the_interpreter_in_the_files_order():
    data = network().data()
    reference = run_on_host(data, "cpu")
    [raw] = reference.inputs
    image = np.frombuffer(raw, np.float32).reshape(SHAPE)
    assert 0.5 < image.std() < 2
    expected = interpret(data, image)
    assert [values.shape for values in reference.outputs] == [values.shape for values in expected]
    for found, wanted in zip(reference.outputs, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    assert reference.kind == "float"
    assert reference.name.startswith("LiteRT ")


def test_inputs_are_the_same_every_time():
    assert run_on_host(chain(), "cpu").inputs == run_on_host(chain(), "cpu").inputs


def test_quantized_inputs_use_their_range():
    reference = run_on_host(INT8, "cpu")
    [raw] = reference.inputs
    assert len(raw) == np.prod(SHAPE)
    assert len(np.unique(np.frombuffer(raw, np.int8))) > 50
    assert reference.kind == "quantized"


@pytest.mark.parametrize("accelerator", ["gpu", "npu"])
def test_accelerators_compute_in_half_precision(accelerator):
    assert run_on_host(chain(), accelerator).kind == "fp16"


def test_equal_outputs_are_identical():
    reference = run_on_host(chain(), "cpu")
    parity = check_outputs(reference, [v.tobytes() for v in reference.outputs], "a on local")
    assert parity.identical
    assert (parity.max_rel, parity.sqnr_db) == (0, None)
    assert parity.reference == reference.name


@pytest.mark.parametrize(
    ("error", "accelerator", "allowed"),
    [
        (9e-5, "cpu", True),
        (1.3e-4, "cpu", False),
        # In half precision a thousandth is rounding.
        (1e-3, "cpu", False),
        (1e-3, "gpu", True),
        (0.5, "gpu", False),
    ],
)
def test_rounding_is_allowed_and_no_more(error, accelerator, allowed):
    reference = run_on_host(chain(), accelerator)
    [expected] = reference.outputs
    scale = expected.max() - expected.min()
    noise = np.random.default_rng(0).uniform(-1, 1, expected.shape).astype(np.float32)
    given = (expected + error * scale * noise).astype(np.float32)
    if allowed:
        parity = check_outputs(reference, [given.tobytes()], "a on local")
        assert not parity.identical
        assert parity.max_rel == pytest.approx(error, rel=0.1)
        assert parity.sqnr_db is not None and parity.sqnr_db > 40
        return
    with pytest.raises(VerificationError) as caught:
        check_outputs(reference, [given.tobytes()], "a on local")
    assert caught.value.where == "a on local"


def test_quantized_outputs_may_differ_by_a_step_but_not_by_chance():
    reference = run_on_host(INT8, "cpu")
    [expected] = reference.outputs
    assert expected.dtype == np.int8
    step = expected.copy()
    step.flat[::7] ^= 1
    assert not check_outputs(reference, [step.tobytes()], "a").identical
    with pytest.raises(VerificationError, match="does not compute"):
        check_outputs(reference, [expected[:, ::-1].tobytes()], "a")


def test_not_a_number_is_wrong():
    reference = run_on_host(chain(), "cpu")
    [expected] = reference.outputs
    with pytest.raises(VerificationError, match="does not compute"):
        check_outputs(reference, [np.full_like(expected, np.nan).tobytes()], "a")


@pytest.mark.parametrize("outputs", [[], [b""], [b"1234"]])
def test_outputs_of_another_size(outputs):
    with pytest.raises(DeviceError, match="other sizes"):
        check_outputs(run_on_host(chain(), "cpu"), outputs, "a")


def test_a_file_that_is_none():
    with pytest.raises(InputError, match="TFLite"):
        run_on_host(b"no file of ours", "cpu")


@pytest.mark.parametrize("io_dtype", ["float32", "int8"])
def test_a_quantized_file_on_an_accelerator_is_measured_by_itself(io_dtype):
    data = chain("int8", io_dtype)
    reference = run_on_host(data, "gpu")
    # What rounding does to two layers is little: the limit of other runtimes holds.
    assert reference.kind == "quantized"
    assert reference.least_sqnr_db == 20.0 == run_on_host(data, "cpu").least_sqnr_db
    assert reference.inputs == run_on_host(data, "cpu").inputs


def test_where_inputs_that_move_leave_little_an_accelerator_may_leave_as_little(monkeypatch):
    monkeypatch.setattr(
        apart_starter, "_here", True
    )  # another process would not know of what follows
    data = chain("int8")
    monkeypatch.setattr(host, "kept_if_moved", lambda *rest: 9.0)
    reference = run_on_host(data, "gpu")
    assert reference.least_sqnr_db == 6.0
    [expected] = reference.outputs
    power = np.sqrt(np.mean(expected.astype(np.float64) ** 2))
    for db, allowed in ((7.0, True), (5.0, False)):
        noise = np.random.default_rng(0).standard_normal(expected.shape)
        given = (expected + noise * power / 10 ** (db / 20)).astype(expected.dtype).tobytes()
        if allowed:
            assert not check_outputs(reference, [given], "a").identical
            continue
        with pytest.raises(VerificationError) as caught:
            check_outputs(reference, [given], "a")
        assert "needs 6 dB" in caught.value.why


def test_zeros_are_no_outputs_however_little_moved_inputs_leave(monkeypatch):
    monkeypatch.setattr(
        apart_starter, "_here", True
    )  # another process would not know of what follows
    monkeypatch.setattr(host, "kept_if_moved", lambda *rest: 1.0)
    reference = run_on_host(chain("int8"), "gpu")
    [expected] = reference.outputs
    with pytest.raises(VerificationError) as caught:
        check_outputs(reference, [bytes(expected.nbytes)], "a")
    assert "needs 3 dB" in caught.value.why
