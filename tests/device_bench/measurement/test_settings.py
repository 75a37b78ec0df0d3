"""Settings of a measurement from what the user asks for, by device."""

from __future__ import annotations

import pytest

from _edgeship.device_bench.devices import system
from _edgeship.device_bench.measurement.settings import MeasurementOptions
from _edgeship.device_bench.results.records import MeasurementSettings
from _edgeship.errors import InputError
from tests.device_bench.measurement.fakes import PHONE, BreakableDevice


def test_defaults_depend_on_what_is_counted(tmp_path):
    options = MeasurementOptions()
    assert options.settings(BreakableDevice(tmp_path)) == MeasurementSettings()
    exact = options.settings(BreakableDevice(tmp_path, "instructions"))
    assert (exact.warmup_runs, exact.runs, exact.rounds) == (1, 1, 2)
    assert exact.seconds == exact.warmup_seconds == 0


@pytest.mark.parametrize("unit", ["ns", "instructions"])
def test_what_is_asked_for_outweighs_a_default(tmp_path, unit):
    found = MeasurementOptions(
        runner="benchmark_model:/bin/tool",
        rounds=7,
        timed_rounds=30,
        runs=8,
        seconds=0.0,
        warmup=9.0,
        timeout=10.0,
    ).settings(BreakableDevice(tmp_path, unit))
    assert (found.rounds, found.runs, found.seconds) == (7, 8, 0)
    assert (found.warmup_seconds, found.timeout) == (9, 10)
    assert found.runner == "benchmark_model"


def test_a_command_s_own_number_of_rounds_is_for_times_only(tmp_path):
    options = MeasurementOptions(timed_rounds=30)
    assert options.settings(BreakableDevice(tmp_path)).rounds == 30
    assert options.settings(BreakableDevice(tmp_path, "instructions")).rounds == 2


def test_cores_are_those_of_the_device(tmp_path, monkeypatch):
    monkeypatch.setattr(system, "read_properties", lambda device: PHONE)
    device = BreakableDevice(tmp_path)
    assert MeasurementOptions(cores="big").settings(device).cores == (1,)
    assert MeasurementOptions(cores="0-1").settings(device).cores == (0, 1)
    with pytest.raises(InputError, match="no core 4"):
        MeasurementOptions(cores="4").settings(device)


def test_an_unknown_accelerator(tmp_path):
    with pytest.raises(InputError, match="abacus"):
        MeasurementOptions(accelerator="abacus").settings(BreakableDevice(tmp_path))
