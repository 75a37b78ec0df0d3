"""Predictions: what they add up to, what they rest on, and what is said to be extrapolated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from _edgeship.device_bench.prediction.held_out import hold_out
from _edgeship.device_bench.prediction.known import has_model, known_model
from _edgeship.device_bench.prediction.model import LatencyModel, Learned, Setup, load, place, save
from _edgeship.device_bench.prediction.predicting import covered, predict
from _edgeship.device_bench.prediction.rules import learn
from _edgeship.device_bench.prediction.saving import Savings
from _edgeship.device_bench.prediction.work import work_of
from _edgeship.errors import InputError
from _edgeship.export.advice.steps import Convolution, NetworkSteps
from tests.device_bench.prediction.synthetic_layers import (
    chain,
    convolution,
    element_wise,
    known_time,
    measured,
    pointwise,
)
from tests.device_bench.synthetic import PHONE


@pytest.fixture(scope="module")
def model() -> LatencyModel:
    """A model of the device of these tests, fitted to five families."""
    examples = [
        measured(f"net {f}", f, chain(place), noise=0.05, seed=place)
        for place, f in enumerate("abcde")
    ]
    return LatencyModel(
        fitted="2026-11-29T19:00:00+00:00",
        device=PHONE,
        setup=Setup(),
        runtime="LiteRT 2.3.0",
        files=tuple(
            Learned(name=e.name, family=e.family, dtype=e.dtype, mult_adds=1, sha256="", session="")
            for e in examples
        ),
        layers=sum(len(one.layers) for one in examples),
        rules=learn(examples),
        held_out=hold_out(examples),
    )


def test_a_network_takes_what_its_operators_take(model: LatencyModel) -> None:
    steps = chain(50)
    found = predict(model, NetworkSteps("new", tuple(steps)))
    assert found.time == pytest.approx(sum(known_time(work_of(step)) for step in steps), rel=0.1)
    assert found.low < found.time < found.high
    assert found.held_out == 5
    assert found.time == pytest.approx(sum(step.time for step in found.steps))
    assert covered(5) == pytest.approx(5 / 6)


def test_views_and_fused_clamps_take_no_time(model: LatencyModel) -> None:
    steps = chain(51, layers=4)
    clamp = replace(element_wise("RELU", 1000, 9), fused=True)
    view = replace(element_wise("RESHAPE", 1000, 10), kind="view")
    plain = predict(model, NetworkSteps("plain", tuple(steps)))
    assert predict(model, NetworkSteps("more", (*steps, clamp, view))).time == plain.time


def test_kinds_that_were_never_measured_are_said(model: LatencyModel) -> None:
    transposed = replace(
        convolution(Convolution(8, 8, 1, (2, 2), (), (), 16, 64, transposed=True)),
        op="TRANSPOSE_CONV",
    )
    tanh = element_wise("TANH", 4000, 1)
    odd = replace(element_wise("TOPK_V2", 10, 2), kind="other")
    found = predict(model, NetworkSteps("new", (pointwise(64, 64, 8), transposed, tanh, odd)))
    unseen, nothing = found.notes
    assert unseen.startswith("3 operators are of kinds that were never measured there (transposed")
    assert "TANH" in unseen
    assert nothing == "Of TOPK_V2 nothing stands in: it counts as no time at all."
    assert [step.known for step in found.steps] == [True, False, False, False]


def test_sizes_beyond_what_was_measured_are_said(model: LatencyModel) -> None:
    found = predict(model, NetworkSteps("new", (pointwise(4096, 4096, 64),)))
    [note] = found.notes
    assert note.startswith("1 operator is larger than all of their kind that were measured")
    assert "100% of the time is extrapolated" in note


def test_a_type_that_was_never_measured_is_refused(model: LatencyModel) -> None:
    step = replace(pointwise(8, 8, 8), dtype="int8")
    with pytest.raises(InputError, match="does not know networks in int8"):
        predict(model, NetworkSteps("new", (step,)))


def test_a_saving_is_the_measured_time_times_the_modelled_change(model: LatencyModel) -> None:
    # Bound by arithmetic: half of the channels are half of the mult-adds.
    there, instead = pointwise(256, 256, 32), pointwise(256, 128, 32)
    found = Savings(model, "float32", {"conv0": 9e6}).of((there,), (instead,))
    assert found is not None
    assert (found.measured, found.extrapolated) == (True, False)
    assert found.time == pytest.approx(4.5e6, rel=0.05)
    assert found.low < found.time < found.high
    modelled = Savings(model, "float32", {}).of((there,), (instead,))
    assert modelled is not None
    assert not modelled.measured
    assert modelled.time == pytest.approx(known_time(work_of(there)) / 2, rel=0.1)
    assert modelled.high - modelled.low > (found.high - found.low) * modelled.time / found.time


def test_what_is_left_out_saves_all_of_its_time(model: LatencyModel) -> None:
    add = element_wise("ADD", 30_000, 3)
    found = Savings(model, "float32", {}).of((add,), ())
    assert found is not None
    assert found.time == pytest.approx(known_time(work_of(add)), rel=0.2)
    assert 0 < found.low < found.time < found.high
    assert Savings(model, "float32", {}).of((), ()) is None


def test_a_model_is_kept_by_device_and_setup(
    model: LatencyModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = {
        place(selector, Setup(threads=threads, cores=cores))
        for selector in ("local", "adb:R5CT1234", "ssh:me@host")
        for threads in (1, 4)
        for cores in ((), (4, 5))
    }
    assert len(paths) == 12
    assert not has_model("adb:R5CT1234")
    with pytest.raises(InputError, match="There is no fitted model") as refused:
        known_model("adb:R5CT1234")
    assert "device_bench fit --device adb:R5CT1234" in refused.value.todo
    save(model, place("adb:R5CT1234", Setup()))
    assert known_model("adb:R5CT1234") == model
    assert known_model("adb") == model  # the only phone with one
    save(model, place("adb:other", Setup()))
    assert not has_model("adb")


def test_other_files_are_no_models(model: LatencyModel, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text('{"version": 1}')
    with pytest.raises(InputError, match="is no fitted model of latency"):
        load(path, "fit one")
    save(model.model_copy(update={"version": 99}), path)
    with pytest.raises(InputError, match="another version"):
        load(path, "fit one")
