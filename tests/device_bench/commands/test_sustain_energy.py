"""`sustain --energy` on the virtual phone, whose battery gives a known power."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from _edgeship.device_bench.reports.sessions import sections
from _edgeship.device_bench.results.rows import rows
from _edgeship.device_bench.store.store import Store
from tests.device_bench.commands.test_run_compare import run
from tests.device_bench.small_files import chain
from tests.phone.phone import Phone

pytestmark = pytest.mark.slow

VOLTS = 4.0
#: What the battery gives, whatever the phone does.
WATTS = 3.0
#: Steps of the counter, in microampere hours: some a second, at this power.
STEP = 50


class Drain:
    """Takes a constant power out of the phone's battery; use it as a context manager."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._drain)
        self._start = time.monotonic()
        self._tell()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *raised: object) -> None:
        self._stop.set()
        self._thread.join()

    def _drain(self) -> None:
        while not self._stop.wait(0.05):
            self._tell()

    def _tell(self) -> None:
        taken = WATTS * (time.monotonic() - self._start) / (3.6e-3 * VOLTS)
        charge = 3_000_000 - int(taken // STEP) * STEP
        self._phone.run_on_battery(charge, int(1e6 * VOLTS))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.tflite"
    path.write_bytes(chain())
    return path


def test_the_battery_tells_the_power(phone: Phone, file: Path, tmp_path: Path) -> None:
    store = tmp_path / "s.sqlite"
    where = ("--device", f"adb:{phone.serial}", "--store", store)
    asked = ("--energy", "--idle", "0.1", "--minutes", "0.1", "--every", "3")
    with Drain(phone):
        out, err = run("sustain", file, *where, *asked, "--json")
    assert "waiting up to 6 s for what the battery gives at rest" in err
    told = json.loads(out)["energy"]
    # On a busy machine a reading takes a while, and it is not known when in that while it was.
    assert told["watts"] == pytest.approx(WATTS, rel=0.3)
    assert told["idle_watts"] == pytest.approx(WATTS, rel=0.3)
    with Store(store) as kept:
        [session] = kept.sessions()
    [measurement] = session.measurements
    assert len(measurement.idle) >= 2
    assert "idle_seconds=6.0" in repr(measurement.settings)
    [*_, each] = sections(rows([session]))
    assert each.facts is not None
    assert "by the steps of the battery's counter" in each.facts["energy"]


def test_a_phone_on_power_is_refused_before_anything_runs(
    phone: Phone, file: Path, tmp_path: Path
) -> None:
    where = ("--device", f"adb:{phone.serial}", "--store", tmp_path / "s.sqlite")
    out, err = run("sustain", file, *where, "--energy", code=2)
    assert out == ""
    assert "connected to power" in err
    assert "adb tcpip 5555" in err
    assert not (tmp_path / "s.sqlite").exists()
    _, err = run("sustain", file, *where, "--idle", "1", code=2)
    assert "--idle goes with --energy" in err
