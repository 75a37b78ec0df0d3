"""What times may be compared: those of one kind of hardware."""

from __future__ import annotations

import pytest

from _edgeship.device_bench.results.acceleration import Acceleration
from _edgeship.device_bench.results.hardware import accelerator_text, on_software, why_not_compared
from _edgeship.device_bench.results.history import all_series
from _edgeship.device_bench.results.records import Measurement
from _edgeship.device_bench.results.rows import rows, title
from tests.device_bench.synthetic import session

SWIFT = Acceleration(driver="SwiftShader", software=True, operators=9, taken=9)
LAVA = Acceleration(driver="llvmpipe", software=True)
REAL = Acceleration(driver="Adreno (TM) 740", software=False, operators=9, taken=9)
UNKNOWN = Acceleration()


def on(found: Acceleration | None) -> Measurement:
    measurement = session(rounds=2).measurements[0]
    name = "cpu" if found is None else "gpu"
    settings = measurement.settings.model_copy(update={"accelerator": name})
    return measurement.model_copy(update={"settings": settings, "acceleration": found})


@pytest.mark.parametrize("a", [None, REAL, UNKNOWN])
@pytest.mark.parametrize("b", [None, REAL, UNKNOWN])
def test_hardware_is_compared_with_hardware(a, b) -> None:
    assert why_not_compared(on(a), on(b)) == ""


@pytest.mark.parametrize("other", [None, REAL, UNKNOWN])
def test_a_software_driver_is_compared_with_no_hardware(other) -> None:
    for pair in ((SWIFT, other), (other, SWIFT)):
        why = why_not_compared(*map(on, pair))
        assert why.startswith("SwiftShader is a program on the CPU, and not a GPU")


def test_two_files_on_one_software_driver_are_compared_and_two_drivers_are_not() -> None:
    assert why_not_compared(on(SWIFT), on(SWIFT)) == ""
    assert "SwiftShader and llvmpipe are programs" in why_not_compared(on(SWIFT), on(LAVA))


def test_a_software_driver_is_named_wherever_times_are() -> None:
    assert on_software(on(SWIFT))
    assert accelerator_text(on(SWIFT)) == "gpu (software)"
    assert accelerator_text(on(REAL)) == accelerator_text(on(UNKNOWN)) == "gpu"
    whole = session(rounds=2).model_copy(update={"measurements": (on(SWIFT),)})
    assert title(whole, whole.measurements[0]) == "net_fp32 on gpu (software)"
    assert SWIFT.driver_text == "SwiftShader, a software driver"
    assert REAL.driver_text == "Adreno (TM) 740"


def test_what_was_taken_in_words() -> None:
    assert SWIFT.taken_text == "all 9 operators"
    assert Acceleration(operators=9, taken=4).taken_text == "4 of 9 operators"
    assert Acceleration(taken=4).taken_text == "4 operators"
    assert UNKNOWN.taken_text == ""


def test_a_software_driver_has_a_history_of_its_own() -> None:
    every = [
        session(f"20261122-14253{index}-4f3a").model_copy(update={"measurements": (on(found),)})
        for index, found in enumerate((REAL, SWIFT, SWIFT, UNKNOWN))
    ]
    series = all_series(rows(every), {})
    assert sorted(len(one.entries) for one in series) == [2, 2]
    [software] = [one for one in series if "SwiftShader" in one.name]
    assert [entry.row.session.id for entry in software.entries] == [every[1].id, every[2].id]
