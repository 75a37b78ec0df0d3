"""`run` and `compare` on fakes, and once each on this computer."""

from __future__ import annotations

import itertools
import json
import shlex
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from _edgeship.device_bench.commands.cli import PROGRAM, app
from _edgeship.device_bench.devices import find as devices
from _edgeship.device_bench.devices import system
from _edgeship.device_bench.processes.base import DeviceTimeout
from _edgeship.device_bench.runners import find as runners
from _edgeship.device_bench.store.store import Store
from tests.device_bench.measurement.fakes import PHONE, BreakableDevice, FakeRunner, cool
from tests.device_bench.small_files import chain


def run(*arguments: object, code: int = 0) -> tuple[str, str]:
    """Return stdout and stderr of `python -m device_bench ARGUMENTS`, after its exit code."""
    result = CliRunner().invoke(app, [str(word) for word in arguments], prog_name=PROGRAM)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.stdout, result.stderr


@pytest.fixture
def files(tmp_path) -> tuple[Path, Path]:
    a, b = tmp_path / "a.tflite", tmp_path / 'b "c"; rm -rf.tflite'
    a.write_bytes(chain())
    b.write_bytes(chain("int8"))
    return a, b


@pytest.fixture
def phone(tmp_path, monkeypatch) -> FakeRunner:
    """Makes `--device adb` a folder with a fake runner in it, which is returned."""
    base = tmp_path / "device"
    base.mkdir()
    device = BreakableDevice(base)
    runner = FakeRunner(device)
    monkeypatch.setattr(devices, "find", lambda selector: device)
    monkeypatch.setattr(runners, "runner", lambda name, **options: runner)
    monkeypatch.setattr(system, "read_properties", lambda device: PHONE)
    monkeypatch.setattr(system, "read_conditions", lambda device: cool())
    return runner


def slower(percent: float) -> Iterator[tuple[int, ...]]:
    """Times of processes in the order A B, B A, ..., where B takes longer."""
    for number in itertools.count():
        a, b = 1_000_000 + 1000 * (number % 3), 1_000_000 + 10_000 * percent + 1000 * (number % 2)
        for level in (a, b) if number % 2 == 0 else (b, a):
            yield tuple(int(level) + 100 * k for k in range(40))


def test_run_shows_figures_warnings_and_what_to_do_next(phone, files, tmp_path):
    store = tmp_path / "own.sqlite"
    phone.times = slower(5)
    out, err = run("run", *files, "--device", "adb", "--store", store, "--rounds", "3")
    assert "adb:FAKE: Fake phone, arm64-v8a; native, cpu, 1 thread, cores not pinned" in out
    lines = {line.split("  ")[0]: line for line in out.splitlines() if "as on the host" in line}
    assert set(lines) == {"a.tflite", 'b "c"; rm -rf.tflite'}
    assert "1.003 ms" in lines["a.tflite"]
    assert "120" in lines["a.tflite"].split()  # runs
    assert "warning: Only 3 round(s)" in out
    assert "--cores big" in out
    assert f"report --store {store}" in out
    [step] = [line for line in out.splitlines() if "device_bench compare" in line]
    words = shlex.split(step)
    assert words[4:6] == [str(file) for file in files]
    assert err == ""
    with Store(store) as kept:
        [session] = kept.sessions()
    assert session.complete
    assert [len(one.rounds) for one in session.measurements] == [3, 3]


def test_what_the_app_ran_is_to_be_compared_with_the_native_runner(two, files, tmp_path):
    store = tmp_path / ("in a folder with a long name " * 7) / "s.sqlite"  # no line is broken
    where = ("--device", "adb", "--store", store, "--rounds", "1")
    for runner, others in (
        ("app", "native,app"),
        ("app:/my apps/a.apk", "native,app:/my apps/a.apk"),
    ):
        out, _ = run("run", files[0], *where, "--runner", runner)
        [step] = [line for line in out.splitlines() if "device_bench compare" in line]
        words = shlex.split(step)
        assert words[4:] == [
            *(str(files[0]), "--device", "adb", "--runner", others, "--store", str(store)),
        ], words


def test_run_prints_json(phone, files, tmp_path):
    out, _ = run(
        *("run", *files, "--device", "adb", "--store", tmp_path / "s.sqlite", "--json"),
        *("--threads", "2", "--rounds", "3", "--seconds", "0.25", "--runs", "7"),
        *("--warmup", "0.5", "--timeout", "9", "--cores", "big"),
    )
    [session] = json.loads(out)["sessions"]
    [first, _] = session["measurements"]
    assert session["unit"] == "ns"
    assert first["summary"]["median"] == 1010
    assert first["parity"]["identical"] is True
    assert first["settings"] == {
        "runner": "native",
        "accelerator": "cpu",
        "threads": 2,
        "cores": [1],
        "warmup_runs": 3,
        "warmup_seconds": 0.5,
        "runs": 7,
        "seconds": 0.25,
        "rounds": 3,
        "timeout": 9.0,
        "sustained": False,
        "idle_seconds": 0.0,
    }


def test_run_shows_operators(phone, files, tmp_path):
    store = tmp_path / "s.sqlite"
    out, _ = run("run", files[0], "--device", "adb", "--store", store, "--ops", "--rounds", "1")
    assert "a.tflite: slowest operators" in out
    assert any("CONV_2D" in line and "100.0%" in line for line in out.splitlines())


def test_compare_finds_a_slower_file_and_none_in_itself(phone, files, tmp_path):
    store = tmp_path / "s.sqlite"
    phone.times = slower(5)
    out, _ = run("compare", *files, "--device", "adb", "--store", store)
    assert len(phone.jobs) == 60
    [line] = [line for line in out.splitlines() if line.endswith("slower") or "slower " in line]
    assert " 1.05" in line and "99.9 %" in line

    phone.times = slower(0)
    out, _ = run("compare", files[0], files[0], "--device", "adb", "--store", store, "--json")
    [session] = json.loads(out)["sessions"]
    [found] = session["comparisons"]
    assert found["label"] == "a.tflite (2)"
    assert found["low"] <= 1 <= found["high"]
    assert found["verdict"] == "no difference shown"


def test_compare_says_when_rounds_are_too_few(phone, files, tmp_path):
    phone.times = slower(50)
    store = tmp_path / "s.sqlite"
    out, _ = run("compare", *files, "--device", "adb", "--store", store, "--rounds", "2")
    assert "too few rounds" in out
    assert "use --rounds 11 or more" in out


def test_compare_needs_two_files_or_two_runners(files):
    _, err = run("compare", files[0], "--device", "local", code=2)
    assert "only one file" in err
    assert "--runner native,app" in err


def steady(level: int) -> Iterator[tuple[int, ...]]:
    """Times of processes that differ a little."""
    for number in itertools.count():
        yield tuple(level + 1000 * (number % 3) + 100 * k for k in range(40))


@pytest.fixture
def two(phone, monkeypatch) -> dict[str, FakeRunner]:
    """The phone with two runners, of which the app takes 10 % longer."""
    made = {"native": phone, "app": FakeRunner(phone.device, name="app")}
    made["native"].times, made["app"].times = steady(1_000_000), steady(1_100_000)
    monkeypatch.setattr(runners, "runner", lambda name, **options: made[name.partition(":")[0]])
    return made


def test_compare_one_file_by_two_runners(two, files, tmp_path):
    store = tmp_path / "s.sqlite"
    runner = ("--runner", "native,app")
    out, _ = run("compare", files[0], "--device", "adb", *runner, "--store", store)
    assert len(two["native"].jobs) == len(two["app"].jobs) == 30
    assert "; native and app, cpu" in out
    assert "Time compared with the runner native:" in out
    assert "Time compared with a.tflite" not in out
    [line] = [line for line in out.splitlines() if line.endswith("slower") or "slower " in line]
    assert line.split()[:3] == ["a.tflite", "app", "1.0999"]  # of 1.0 and 1.1 ms, and the noise
    assert "a part of the ratio" not in out
    # The figures of both, each with its name.
    shown = [line.split()[:2] for line in out.splitlines() if "as on the host" in line]
    assert shown == [["a.tflite", "native"], ["a.tflite", "app"]]


def test_compare_names_the_libraries_where_they_differ(two, files, tmp_path):
    two["app"].runtime = "LiteRT 123, app 0.2.0"
    places = ("--device", "adb", "--store", tmp_path / "s.sqlite", "--rounds", "2")
    out, _ = run("compare", files[0], *places, "--runner", "native,app")
    assert "native ran fake, app ran LiteRT 123, app 0.2.0: what differs between" in out


def test_compare_several_files_by_two_runners(two, files, tmp_path):
    places = ("--device", "adb", "--store", tmp_path / "s.sqlite", "--rounds", "11", "--json")
    out, _ = run("compare", *files, *places, "--runner", "native, app:/a,b.apk")
    [session] = json.loads(out)["sessions"]
    a, b = (file.name for file in files)
    pairs = [
        (one["compared_with"]["label"], one["compared_with"]["runner"], one["label"], one["runner"])
        for one in session["comparisons"]
    ]
    # Each pair differs in one thing only.
    assert pairs == [
        *((a, "native", b, "native"), (a, "app", b, "app")),
        *((a, "native", a, "app"), (b, "native", b, "app")),
    ]
    ratios = [one["ratio"] for one in session["comparisons"]]
    assert ratios == pytest.approx([1, 1, 1.1, 1.1], abs=0.002)
    out, _ = run("compare", *files, *places[:-1], "--runner", "native,app")
    assert "Time compared with a.tflite:" in out
    assert "Time compared with the runner native:" in out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--runner", "native,native"), "runner native is named twice"),
        (("--runner", "app:a.apk,app:b.apk"), "runner app is named twice"),
        (("--runner", "native,walker"), "no runner called 'native,walker'"),
        (("--uninstall-app",), "no app to uninstall"),
    ],
)
def test_runners_that_cannot_be_compared(files, options, words, tmp_path):
    store = ("--store", tmp_path / "s.sqlite")
    _, err = run("compare", *files, "--device", "local", *options, *store, code=2)
    assert words in err


def test_whether_the_app_stays_is_an_option(two, files, tmp_path, monkeypatch):
    given = []

    def made(name: str, *, uninstall_app: bool, **options: object) -> FakeRunner:
        given.append((name, uninstall_app))
        return two[name]

    monkeypatch.setattr(runners, "runner", made)
    places = ("--device", "adb", "--store", tmp_path / "s.sqlite", "--rounds", "1")
    run("run", files[0], *places, "--runner", "app", "--uninstall-app")
    run("run", files[0], *places, "--runner", "app")
    assert given == [("app", True), ("app", False)]


def test_what_is_measured_before_an_error_is_shown(phone, files, tmp_path):
    def hang(number: int) -> None:
        if number == 5:
            raise DeviceTimeout("The runner did not end in 120 s.", todo="raise --timeout")

    phone.before = hang
    store = tmp_path / "s.sqlite"
    out, err = run("run", *files, "--device", "adb", "--store", store, code=5)
    assert "cut short; finished rounds of each file: 2, 2" in out
    assert "1.010 µs" in out
    assert "did not end in 120 s" in err
    with Store(store) as kept:
        [session] = kept.sessions()
    assert not session.complete
    assert [len(one.rounds) for one in session.measurements] == [2, 2]


def test_ctrl_c_shows_what_is_there(phone, files, tmp_path):
    def press(number: int) -> None:
        if number == 4:
            raise KeyboardInterrupt

    phone.before = press
    store = tmp_path / "s.sqlite"
    out, err = run("compare", *files, "--device", "adb", "--store", store, code=130)
    assert "cut short; finished rounds of each file: 1, 2" in out
    assert "interrupted" in err
    assert phone.device.left() == []


def test_a_wrong_answer_ends_with_its_own_exit_code(phone, files, tmp_path):
    phone.outputs = lambda data: None if data == b"" else (b"\0" * 8 * 8 * 5 * 4,)
    _, err = run("run", files[0], "--device", "adb", "--store", tmp_path / "s.sqlite", code=3)
    assert "does not compute what the host computes" in err
    assert "a.tflite on adb:FAKE" in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--device", "toaster"), "names no device"),
        (("--device", "local", "--device", "local"), "named twice"),
        (("--device", "local", "--runner", "walker"), "no runner called"),
        (("--device", "local", "--accelerator", "abacus"), "no accelerator called"),
        (("--device", "local", "--cores", "99999"), "no core"),
        (("--device", "local", "--threads", "0"), "--threads"),
        ((), "--device"),
    ],
)
def test_bad_input_is_one_clear_sentence(files, options, words, tmp_path):
    _, err = run("run", files[0], *options, "--store", tmp_path / "s.sqlite", code=2)
    assert words in err


def test_a_missing_file(tmp_path):
    store = tmp_path / "s.sqlite"
    _, err = run("run", tmp_path / "a.tflite", "--device", "local", "--store", store, code=2)
    assert "does not exist" in err
    assert not store.exists()


def test_a_package_for_core_ml(tmp_path):
    package = tmp_path / "a.mlpackage"
    package.mkdir()
    store = tmp_path / "s.sqlite"
    _, err = run("run", package, "--device", "local", "--store", store, code=2)
    assert "a.mlpackage is a package for Core ML" in err
    assert not store.exists()


def test_the_interpreter_on_this_computer(files, tmp_path):
    """All of the way with nothing faked."""
    out, _ = run(
        *("compare", *files, "--device", "local", "--runner", "python", "--rounds", "1"),
        *("--runs", "5", "--seconds", "0", "--warmup", "0", "--json"),
        *("--store", tmp_path / "s.sqlite"),
    )
    [session] = json.loads(out)["sessions"]
    for one in session["measurements"]:
        assert one["parity"]["identical"] is True
        assert one["summary"]["runs"] >= 5
        assert 0 < one["summary"]["median"] < 1e9
        assert one["runtime"].startswith("LiteRT ")


def test_two_devices_work_at_once_and_one_may_fail(files, tmp_path, monkeypatch):
    meeting = threading.Barrier(2, timeout=20)
    found: dict[str, FakeRunner] = {}
    for name in ("adb:ONE", "adb:TWO"):
        (tmp_path / name).mkdir()
        device = BreakableDevice(tmp_path / name)
        device.selector = name
        found[name] = FakeRunner(device)

    def fail(number: int) -> None:
        if number == 1:
            meeting.wait()
        elif number == 3:
            raise DeviceTimeout("The runner did not end in 120 s.")

    found["adb:ONE"].before = fail
    found["adb:TWO"].before = lambda number: meeting.wait() if number == 1 else None
    made = iter(found.values())
    monkeypatch.setattr(devices, "find", lambda selector: found[selector].device)
    monkeypatch.setattr(runners, "runner", lambda name, **options: next(made))
    monkeypatch.setattr(
        system,
        "read_properties",
        lambda device: PHONE.model_copy(update={"selector": device.selector}),
    )
    monkeypatch.setattr(system, "read_conditions", lambda device: cool())
    out, err = run(
        *("run", files[0], "--device", "adb:ONE", "--device", "adb:TWO", "--rounds", "4"),
        *("--store", tmp_path / "s.sqlite", "--json"),
        code=5,
    )
    assert "did not end" in err
    rounds = {
        session["device"]["selector"]: session["measurements"][0]["summary"]["rounds"]
        for session in json.loads(out)["sessions"]
    }
    assert rounds == {"adb:ONE": 2, "adb:TWO": 4}
    assert all(runner.device.left() == [] for runner in found.values())
