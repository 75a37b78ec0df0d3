"""`sustain` on a fake phone."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timezone

from _edgeship.device_bench.devices import system
from _edgeship.device_bench.results.battery import Battery
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


def _on_battery(charges, **changes):
    """Return what reads a phone that is on its battery, with the next charge each time."""

    def read(device):
        at = datetime.now(timezone.utc).isoformat()
        battery = Battery(charge=next(charges), microvolts=4_000_000, draining=True)
        return cool(at=at, charging=False, battery=battery, **changes)

    return read


def test_sustain_tells_the_energy_of_a_run(phone, files, tmp_path, monkeypatch):  # noqa: F811
    charges = itertools.count(3_000_000, -1000)
    monkeypatch.setattr(system, "read_conditions", _on_battery(charges))
    where = ("--device", "adb", "--store", tmp_path / "s.sqlite")
    asked = ("--minutes", "0.1", "--every", "1", "--energy", "--idle", "0.05")
    out, err = run("sustain", files[0], *where, *asked)
    assert "waiting up to 3 s for what the battery gives at rest" in err
    [line] = [one for one in out.splitlines() if one.startswith("energy: ")]
    assert "a run, ± " in line
    assert "by the steps of the battery's counter (1 mAh)" in line


def test_energy_that_cannot_be_told_is_refused_after_all_else(
    phone,  # noqa: F811
    files,  # noqa: F811
    tmp_path,
    monkeypatch,
):
    monkeypatch.setattr(system, "read_conditions", _on_battery(itertools.repeat(3_000_000)))
    where = ("--device", "adb", "--store", tmp_path / "s.sqlite")
    asked = ("--minutes", "0.1", "--every", "1", "--energy", "--idle", "0.05")
    out, err = run("sustain", files[0], *where, *asked, code=2)
    assert "Saved in" in out
    assert "energy: " not in out
    assert "the battery's counter did not fall" in err
    assert "use more --minutes" in err
