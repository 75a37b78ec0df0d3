"""However the process of a command ends, it is one sentence and an exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="commands are supervised on Linux only"
)

_HEAD = """
import os, signal, sys, time
from _edgeship.at_risk import at_risk
from _edgeship.terminal.supervised import go_on_supervised
go_on_supervised()
"""


def _start(body: str, ahead: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", ahead + _HEAD + body],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def _ended(body: str) -> tuple[int, str]:
    """Return the exit code and what was said."""
    process = _start(body)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


@pytest.mark.parametrize("code", [0, 1, 3, 130])
def test_exit_codes_are_those_of_the_work(code: int) -> None:
    assert _ended(f"sys.exit({code})") == (code, "")


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGKILL", "SIGABRT", "SIGTERM"])
def test_a_crash_is_a_sentence(name: str) -> None:
    body = f"with at_risk('Reading \\x1b[31mnet', exit_code=3): os.kill(os.getpid(), signal.{name})"
    code, said = _ended(body)
    assert code == 3
    assert said.startswith("error: Reading \ufffd[31mnet failed.\n  why: the process was ended by")
    assert name in said


def test_without_a_risk_a_crash_is_a_sentence_too() -> None:
    code, said = _ended("with at_risk('Reading'): pass\nos.kill(os.getpid(), signal.SIGSEGV)")
    assert code == 2
    assert said.startswith("error: The command was ended.\n")


def test_work_that_goes_on_for_ever_has_an_end() -> None:
    code, said = _ended("with at_risk('Reading', seconds=0.2):\n    while True: pass")
    assert code == 2
    assert "why: it was not done after computing for 0.2 s" in said


def test_the_time_is_that_of_the_block_alone() -> None:
    body = (
        "with at_risk('Reading', seconds=0.2): pass\n"
        "end = time.process_time() + 0.4\n"
        "while time.process_time() < end: pass"
    )
    assert _ended(body) == (0, "")


def test_work_that_takes_too_much_memory_is_ended() -> None:
    body = "with at_risk('Reading', gigabytes=0.1): held = b'x' * 300 * 2**20; time.sleep(60)"
    code, said = _ended(body)
    assert code == 2
    assert "why: it takes more than 0.1 GiB of memory" in said


def test_a_signal_to_the_command_reaches_the_work() -> None:
    body = (
        "def told(number, frame): sys.exit(9)\n"
        "signal.signal(signal.SIGINT, told)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)"
    )
    process = _start(body)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 9


def test_who_ends_the_command_gets_that_signal_and_no_words() -> None:
    process = _start("print('ready', flush=True)\ntime.sleep(60)")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (-signal.SIGTERM, "")


def test_the_work_ends_with_a_command_that_is_killed() -> None:
    process = _start("print(os.getpid(), flush=True)\ntime.sleep(60)")
    assert process.stdout is not None
    child = int(process.stdout.readline())
    assert child != process.pid
    process.kill()
    process.communicate(timeout=60)
    end = time.monotonic() + 30
    while _runs(child):
        assert time.monotonic() < end, "the work goes on"
        time.sleep(0.05)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
        return " Z " not in Path(f"/proc/{process}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_what_is_ignored_ends_nothing() -> None:
    body = (
        "from _edgeship.terminal import interrupt\n"
        "interrupt.install()\n"
        "print('ready', flush=True)\n"
        "time.sleep(1)\n"
        "sys.exit(8)"
    )
    process = _start(body, "import signal\nsignal.signal(1, signal.SIG_IGN)\n")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode == 8


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_who_asks_a_command_to_end_has_it_clean_up(name: str) -> None:
    body = (
        "from _edgeship.terminal import interrupt\n"
        "interrupt.install()\n"
        "try:\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(interrupt.exit_code())"
    )
    process = _start(body)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    number = signal.Signals[name]
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 128 + number


def test_what_does_not_end_when_it_is_asked_to_is_ended() -> None:
    body = (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready', flush=True)\ntime.sleep(60)"
    )
    ahead = "from _edgeship.terminal import supervised\nsupervised._GRACE_S = 0.5\n"
    process = _start(body, ahead)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (-signal.SIGTERM, "")
