"""The runner as a function: called again and again in one process, it leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from _edgeship.device_bench.runners.native_report import RunnerError, parse_report
from _edgeship.export.tflite.building.graph import options
from tests.android.native_parts import (
    CHECKED,
    NATIVE,
    compile_host,
    fake_litert,
    real_litert,
    runner_sources,
)
from tests.device_bench.small_files import chain, image, interpret, needs_native, network
from tests.export.tflite.small_graphs import Small

pytestmark = [needs_native, pytest.mark.slow]

ENDLESS = ("--run-ns", "60000000000", "--max-runs", "10000000")


@dataclass(frozen=True)
class Left:
    """A call of the function: what it returned and printed, and what the process had after it."""

    code: int
    files: int
    threads: int
    kib: int
    cores: int
    alive: int
    report: str


class Driver:
    """The test program, with a LiteRT."""

    def __init__(self, program: Path, litert: Path, folder: Path) -> None:
        self.program, self.litert, self.folder = program, litert, folder

    def __call__(self, *sections: tuple[str, ...]) -> list[Left]:
        words = [word for section in sections for word in ("--", *section)]
        report = self.folder / "report"
        done = subprocess.run(  # noqa: S603  our own program
            [self.program, report, *words],
            capture_output=True,
            text=True,
            timeout=120,
            env={"LD_LIBRARY_PATH": str(self.litert)},
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert "Sanitizer" not in done.stderr
        return [
            Left(**json.loads(line), report=(self.folder / f"report.{number}").read_text())
            for number, line in enumerate(done.stdout.splitlines())
        ]


@pytest.fixture(scope="module")
def checked(tmp_path_factory) -> tuple[Path, Path]:
    """The program and the fake LiteRT, both with sanitizers."""
    folder = tmp_path_factory.mktemp("checked")
    sources = [NATIVE / "driver.c", *runner_sources()]
    return compile_host(sources, folder / "driver", *CHECKED), fake_litert(folder, *CHECKED)


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("plain")
    return compile_host([NATIVE / "driver.c", *runner_sources()], folder / "driver", "-O2")


@pytest.fixture
def with_fake(checked, tmp_path: Path) -> Driver:
    return Driver(*checked, tmp_path)


@pytest.fixture
def with_litert(plain, tmp_path: Path) -> Driver:
    return Driver(plain, real_litert(), tmp_path)


@pytest.fixture
def model(tmp_path: Path) -> str:
    path = tmp_path / "model.tflite"
    path.write_bytes(chain())
    return str(path)


def large() -> bytes:
    """A convolution with 1 MiB of outputs."""
    rng = np.random.default_rng(0)
    small = Small(image=(1, 64, 64, 16))
    small.constant("w", rng.standard_normal((64, 3, 3, 16)).astype(np.float32))
    small.constant("b", np.zeros(64, np.float32))
    conv = options("Conv2DOptions", strideH=1, strideW=1)
    small.op("CONV_2D", "image w b", "features", (1, 64, 64, 64), opts=conv)
    return small.out("features").data()


def error_of(left: Left) -> str:
    with pytest.raises(RunnerError) as caught:
        parse_report(left.report, "")
    assert left.report.count('"error"') == 1
    assert left.report.endswith("}\n")
    return str(caught.value)


@pytest.mark.parametrize(
    ("more", "least", "told"),
    [
        (("--runs", "2", "--warmup-runs", "1"), 25, 2),
        (("--runs", "2", "--profile"), 30, 1),  # the faster half
    ],
)
def test_whichever_call_of_litert_fails_nothing_is_kept(
    with_fake, model: str, tmp_path: Path, more: tuple[str, ...], least: int, told: int
) -> None:
    sample = tmp_path / "sample"
    sample.write_bytes(bytes(40))
    words = ("--model", model, "--outputs", str(tmp_path / "out"), "--input", str(sample), *more)
    *failed, complete = with_fake(("@fail-each", *words))
    assert len(failed) >= least
    for left in failed:
        assert left.code == 1
        assert error_of(left)
    assert complete.code == 0
    assert len(parse_report(complete.report, "").process.runs) == told
    assert {(left.files, left.threads, left.alive) for left in [*failed, complete]} == {
        (complete.files, 1, 0)
    }


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--frequency",), "No file is named with --model."),
        (("--model", "{model}", "--sing", "high"), "There is no option '--sing'."),
        (("--model", "{model}", "--threads", "0"), "--threads takes a whole number from 1"),
        (("--model", "{model}", "--threads", "99999999999"), "too many threads"),
        (("--model", "{model}", "--max-runs", "10000001"), "--max-runs takes 10000000 at most."),
        (("--model", "{model}", "--runs"), "'--runs' is no option, or lacks its value."),
        (("--model", "{model}", "--cores", "1023"), "cannot be pinned to cores 1023"),
        (("--model", "{model}", "--input", "/nonexistent"), "Input 0 cannot be opened"),
        (("--model", "{model}", "--outputs", "/nonexistent/x"), "cannot be made"),
        (("--model", "{model}", "--input", "{model}"), "Input 0 takes 40 bytes; the file has more"),
        (
            ("--model", "{model}", "--input", "/dev/null"),
            "Input 0 takes 40 bytes; the file has less",
        ),
        (("--model", "{model}", "--outputs", "/dev/full"), "The outputs cannot be written"),
    ],
)
def test_what_is_refused_leaves_nothing_and_the_next_run_works(
    with_fake, model: str, words: tuple[str, ...], what: str
) -> None:
    refused = tuple(word.format(model=model) for word in words)
    before, after, again = with_fake(("--model", model), refused, ("--model", model))
    assert (before.code, after.code, again.code) == (0, 1, 0)
    assert what in error_of(after)
    assert (after.files, after.threads, after.alive) == (before.files, 1, 0)


def test_a_thread_gets_its_cores_back(with_fake, model: str) -> None:
    before, pinned, failed = with_fake(
        ("--model", model), ("--model", model, "--cores", "0"), ("--model", "x", "--cores", "0")
    )
    assert (pinned.code, failed.code) == (0, 1)
    assert before.cores == pinned.cores == failed.cores


def test_a_wish_to_stop_counts_before_a_run_during_one_and_not_after_it(
    with_fake, model: str
) -> None:
    endless = ("--model", model, *ENDLESS)
    start = time.monotonic()
    stopped = with_fake(
        ("@stop", *endless),
        ("@later", *endless),
        ("@later", *endless, "--profile"),
        ("@later", "--model", model, "--warmup-ns", "60000000000", "--max-runs", "10000000"),
        ("--model", model),
    )
    assert time.monotonic() - start < 30
    assert [left.code for left in stopped] == [1, 1, 1, 1, 0]
    assert {error_of(left) for left in stopped[:4]} == {"The test asks."}
    assert {(left.files, left.threads, left.alive) for left in stopped} == {
        (stopped[0].files, 1, 0)
    }


def test_a_full_disk_is_no_success(with_fake, model: str, tmp_path: Path) -> None:
    (tmp_path / "report.0").symlink_to("/dev/full")
    (tmp_path / "report.0").touch()
    program, litert = with_fake.program, with_fake.litert
    done = subprocess.run(  # noqa: S603  our own program
        [program, tmp_path / "report", "--model", model],
        capture_output=True,
        text=True,
        timeout=60,
        env={"LD_LIBRARY_PATH": str(litert)},
    )
    assert json.loads(done.stdout)["code"] == 1


def test_without_litert_it_says_so(plain, tmp_path: Path, model: str) -> None:
    (left,) = Driver(plain, tmp_path, tmp_path)(("--model", model))
    assert left.code == 1
    assert error_of(left).startswith("The LiteRT library cannot be opened: libLiteRt.so")


class TestWithLiteRt:
    def test_success_and_failure_in_turn_and_the_outputs_stay_right(
        self, with_litert, tmp_path: Path
    ) -> None:
        data, sample = network().data(), image()
        file, given, out = tmp_path / "net.tflite", tmp_path / "sample", tmp_path / "out"
        file.write_bytes(data)
        given.write_bytes(sample.tobytes())
        (tmp_path / "broken.tflite").write_bytes(data[: len(data) // 2])
        (tmp_path / "text.tflite").write_text("no model\n" * 100)
        works = ("--model", str(file), "--input", str(given), "--outputs", str(out))
        lefts = with_litert(
            works,
            ("--model", str(tmp_path / "nonesuch")),
            (*works, "--profile", "--threads", "2"),
            ("--model", str(tmp_path / "text.tflite")),
            ("--model", str(tmp_path / "broken.tflite")),
            ("@stop", *works),
            ("@later", *works, *ENDLESS),
            ("--model", str(file), "--accelerator", "npu"),
            works,
        )
        assert [left.code for left in lefts] == [0, 1, 0, 1, 1, 1, 1, 1, 0]
        assert {(left.files, left.threads) for left in lefts} == {(lefts[0].files, 1)}
        expected = np.concatenate([array.ravel() for array in interpret(data, sample)])
        np.testing.assert_allclose(
            np.frombuffer(out.read_bytes(), np.float32), expected, rtol=1e-6, atol=1e-6
        )
        ops = parse_report(lefts[2].report, "").profile.ops
        assert len(ops) == 3

    def test_memory_is_given_back(self, plain: Path, tmp_path: Path) -> None:
        """A kept file costs 0.3 MB a run here, kept buffers 1.3 MB; the heap itself moves by 4 MB.

        The wheel also has an accelerator for GPUs, which LiteRT opens and closes with every
        environment, and which keeps 0.1 MB each time: it is left out.
        """
        litert, file = tmp_path / "litert", tmp_path / "large.tflite"
        litert.mkdir()
        (litert / "libLiteRt.so").symlink_to(real_litert() / "libLiteRt.so")
        file.write_bytes(large())
        driver = Driver(plain, litert, tmp_path)
        lefts = driver(*[("--model", str(file), "--threads", "4")] * 120)
        assert {left.code for left in lefts} == {0}
        assert lefts[-1].kib - lefts[20].kib < 8 << 10
