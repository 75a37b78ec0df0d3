"""Programs on the host: exit codes, bounds, and nothing left running."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from _edgeship.device_bench.processes.base import DeviceTimeout
from _edgeship.device_bench.processes.running import MAX_OUTPUT_BYTES, run_process
from _edgeship.errors import DeviceError
from tests.device_bench.processes.alive import has_ended


def test_output_errors_and_code() -> None:
    done = run_process(["sh", "-c", "echo out; echo err >&2; exit 3"], timeout=60)
    assert (done.code, done.out, done.err) == (3, "out\n", "err\n")


def test_a_signal_becomes_128_plus_its_number() -> None:
    assert run_process(["sh", "-c", "kill -9 $$"], timeout=60).code == 137


def test_a_missing_program_is_127_and_one_that_may_not_run_126(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no program")
    assert run_process([str(tmp_path / "nothing")], timeout=60).code == 127
    assert run_process([str(tmp_path / "data")], timeout=60).code == 126


def test_words_go_through_no_shell() -> None:
    words = ["$(id)", "a b", "'", '"', "; echo x", "é", ""]
    done = run_process(["printf", "%s\\n", *words], timeout=60)
    assert done.out.splitlines() == words


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert run_process(["printf", "a\\377b"], timeout=60).out == "a\ufffdb"


def test_each_line_is_told_before_the_next(tmp_path: Path) -> None:
    lines: list[str] = []

    def on_line(line: str) -> None:
        lines.append(line)
        (tmp_path / f"seen {len(lines)}").touch()

    wait = 'while [ ! -e "$1" ]; do sleep 0.02; done'
    script = f'echo one; {wait}; shift; printf "two\\r\\n"; {wait}; printf three'
    seen = [str(tmp_path / "seen 1"), str(tmp_path / "seen 2")]
    run_process(["sh", "-c", script, "sh", *seen], timeout=60, on_line=on_line)
    assert lines == ["one", "two", "three"]


def test_a_program_that_hangs_dies_with_its_children_and_its_words_are_told() -> None:
    with pytest.raises(DeviceTimeout, match=r"within 3 s") as caught:
        run_process(["sh", "-c", "sleep 5701 & echo waiting; sleep 5702"], timeout=3)
    assert caught.value.why == "waiting"
    assert has_ended("sleep", "5701")
    assert has_ended("sleep", "5702")


def test_an_interrupt_kills_the_program() -> None:
    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_process(["sh", "-c", "echo go; sleep 5703"], timeout=60, on_line=interrupt)
    assert has_ended("sleep", "5703")


def test_a_child_that_holds_the_output_does_not_delay_the_end() -> None:
    start = time.monotonic()
    done = run_process(["sh", "-c", "sleep 5704 & printf last"], timeout=60)
    assert (done.code, done.out) == (0, "last")
    assert time.monotonic() - start < 30
    assert has_ended("sleep", "5704")


def test_a_program_that_prints_without_end_is_stopped() -> None:
    with pytest.raises(DeviceError, match="more than 16 MiB"):
        run_process([sys.executable, "-c", "while True: print('x' * 100000)"], timeout=60)
    assert MAX_OUTPUT_BYTES == 16 << 20


def test_output_of_some_megabytes_is_complete() -> None:
    script = "import sys; sys.stdout.write('x' * 3_000_000); sys.stderr.write('y' * 3_000_000)"
    done = run_process([sys.executable, "-c", script], timeout=60)
    assert (len(done.out), len(done.err)) == (3_000_000, 3_000_000)


def test_files_can_be_its_input_and_output(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"\0\1\2")
    with (tmp_path / "in").open("rb") as source, (tmp_path / "out").open("wb") as target:
        done = run_process(["cat"], timeout=60, stdin=source, stdout=target)
    assert (done.code, done.out) == (0, "")
    assert (tmp_path / "out").read_bytes() == b"\0\1\2"


def test_a_zero_byte_in_a_word_is_refused() -> None:
    with pytest.raises(DeviceError, match="cannot be started"):
        run_process(["echo", "a\0b"], timeout=60)
