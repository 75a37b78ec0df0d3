"""`sustain` on a fake phone."""

from __future__ import annotations

import itertools
import json

from _edgeship.device_bench.devices import system
from _edgeship.device_bench.store.store import Store
from tests.device_bench.commands.test_run_compare import files, phone, run  # noqa: F401  (fixtures)
from tests.device_bench.measurement.fakes import cool


def test_sustain_waits_for_no_heat_to_go_and_leaves_out_no_run(phone, files, tmp_path, monkeypatch):  # noqa: F811
    warm = itertools.count(30)
    monkeypatch.setattr(
        system,
        "read_conditions",
        lambda device: cool(temperatures={"cpu": float(next(warm))}, thermal_status=3),
    )
    phone.times = iter([(1_000_000,) * 10] * 4 + [(1_300_000,) * 10] * 8)
    phone.capped = (True,) * 10
    store = tmp_path / "s.sqlite"
    where = ("--device", "adb", "--store", store, "--minutes", "0.1", "--every", "0.5")
    out, _ = run("sustain", files[0], *where)
    assert len(phone.jobs) == 12
    assert "1.300 ms" in out
    assert "+30.0 %" in out
    assert "more than 5 % slower than at the beginning from" in out
    with Store(store) as kept:
        [session] = kept.sessions()
    assert session.measurements[0].settings.sustained
    assert not any(any(one.throttled) for one in session.measurements[0].rounds)


def test_sustain_says_what_it_cannot_show(phone, files, tmp_path):  # noqa: F811
    where = ("--device", "adb", "--store", tmp_path / "s.sqlite")
    out, _ = run("sustain", files[0], *where, "--minutes", "0.1", "--every", "3")
    assert "too few processes" in out
    out, _ = run("sustain", files[0], *where, "--minutes", "0.1", "--every", "1", "--json")
    assert json.loads(out)["course"]["slowed_after"] is None
    phone.device.unit = "instructions"
    _, err = run("sustain", files[0], *where, code=2)
    assert "does not become warm" in err
