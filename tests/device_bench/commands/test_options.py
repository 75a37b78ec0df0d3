"""Settings from options, by device."""

from __future__ import annotations

import pytest

from _edgeship.device_bench.commands.options import settings
from _edgeship.device_bench.devices import system
from _edgeship.device_bench.results.records import Settings
from _edgeship.errors import InputError
from tests.device_bench.measurement.fakes import PHONE, BreakableDevice


def test_defaults_depend_on_what_is_counted(tmp_path):
    assert settings(BreakableDevice(tmp_path)) == Settings()
    exact = settings(BreakableDevice(tmp_path, "instructions"))
    assert (exact.warmup_runs, exact.runs, exact.rounds) == (1, 1, 2)
    assert exact.seconds == exact.warmup_seconds == 0


def test_a_wish_outweighs_a_default(tmp_path):
    for unit in ("ns", "instructions"):
        found = settings(
            BreakableDevice(tmp_path, unit),
            runner="benchmark_model:/bin/tool",
            rounds=7,
            runs=8,
            seconds=0.0,
            warmup=9.0,
            timeout=10.0,
        )
        assert (found.rounds, found.runs, found.seconds) == (7, 8, 0)
        assert (found.warmup_seconds, found.timeout) == (9, 10)
        assert found.runner == "benchmark_model"


def test_cores_are_those_of_the_device(tmp_path, monkeypatch):
    monkeypatch.setattr(system, "read_properties", lambda device: PHONE)
    device = BreakableDevice(tmp_path)
    assert settings(device, cores="big").cores == (1,)
    assert settings(device, cores="0-1").cores == (0, 1)
    with pytest.raises(InputError):
        settings(device, cores="4")


def test_an_unknown_accelerator(tmp_path):
    with pytest.raises(InputError, match="abacus"):
        settings(BreakableDevice(tmp_path), accelerator="abacus")
