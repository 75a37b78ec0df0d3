"""`fit` and `predict`: from files and a store to a model, and from a model to a sentence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from _edgeship.device_bench.commands import measuring
from _edgeship.device_bench.commands.fit import fit
from _edgeship.device_bench.commands.measuring import Plan, Result
from _edgeship.device_bench.commands.predict import predict
from _edgeship.device_bench.prediction.work import work_of
from _edgeship.device_bench.results.records import Measurement, Op, Profile
from _edgeship.device_bench.store.store import Store
from _edgeship.export.advice.from_tflite import read_tflite_steps
from _edgeship.terminal.command_group import CommandGroup
from tests.device_bench.prediction.synthetic_layers import known_time
from tests.device_bench.synthetic import PHONE, session
from tests.export.tflite.small_graphs import Small, add

_APP = typer.Typer(cls=CommandGroup, pretty_exceptions_enable=False)
_APP.command("fit")(fit)
_APP.command("predict")(predict)


def _run(*arguments: object, code: int = 0) -> tuple[str, str]:
    result = CliRunner().invoke(_APP, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


def _file(path: Path, seed: int, last: str = "") -> Path:
    """Write a chain of 1x1 convolutions of many widths, and another operator behind them."""
    rng = np.random.default_rng(seed)
    side = int(rng.integers(8, 40))
    widths = [int(2 ** rng.uniform(2, 7)) for _ in range(9)]
    small = Small(t0=(1, side, side, widths[0]))
    conv = add("Conv2D", strideH=1, strideW=1)
    for index, (a, b) in enumerate(pairwise(widths)):
        small.constant(f"w{index}", np.ones((b, 1, 1, a), np.float32))
        shape = (1, side, side, b)
        small.op("CONV_2D", f"t{index} w{index}", f"t{index + 1}", shape, opts=conv)
    names = "t8"
    if last:
        small.op(last, "t8", "y", (1, side, side, widths[-1]))
        names = "y"
    path.write_bytes(small.out(names).data())
    return path


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Let files take as long as the rule of the tests says."""
    calls: list[list[str]] = []

    def measure(
        files: Sequence[Path], plans: Sequence[Plan], store: Path, *, profile: bool = False
    ) -> Result:
        assert profile
        calls.append([file.stem for file in files])
        device = PHONE.model_copy(update={"selector": plans[0].device.selector})
        times = [_times(file) for file in files]
        made = session(
            f"20261129-19000{len(calls)}-4f3a",
            device,
            [sum(one) for one in times],
            labels=[file.name for file in files],
            rounds=5,
        )
        one = made.model_copy(
            update={"measurements": tuple(map(_profiled, made.measurements, files, times))}
        )
        with Store(store) as kept:
            kept.begin(one)
        return Result([one], [], interrupted=False)

    def _profiled(one: Measurement, file: Path, times: list[float]) -> Measurement:
        ops = tuple(
            Op(index=index, name="Fully Connected (NC, F32) GEMM", delegated=True, time=round(time))
            for index, time in enumerate(times)
        )
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        subject = one.subject.model_copy(
            update={"path": str(file), "sha256": digest, "model": file.stem}
        )
        settings = one.settings.model_copy(update={"cores": ()})
        return one.model_copy(
            update={
                "subject": subject,
                "settings": settings,
                "profile": Profile(ops=ops, total=round(sum(times))),
            }
        )

    def _times(file: Path) -> list[float]:
        network = read_tflite_steps(file.read_bytes(), "x")
        return [known_time(work_of(step)) for step in network.steps]

    monkeypatch.setattr(measuring, "measure_all", measure)
    return calls


def test_what_is_measured_is_fitted_held_out_and_predicted(
    measured: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = [_file(tmp_path / f"family{k}.tflite", k) for k in range(5)]
    stdout, _ = _run("fit", *files, "--device", "local")
    assert measured == [[file.stem for file in files]]
    rows = [" ".join(line.split()) for line in stdout.splitlines()]
    assert any(row.startswith("conv 1x1 float32 40 ") for row in rows)
    assert "held-out families are predicted with a median error of" in stdout
    assert "5 files of 5 families" in stdout
    assert "Saved in build/latency/local-cpu-1t.json" in stdout

    new = _file(tmp_path / "new.tflite", 9)
    stdout, _ = _run("predict", new, "--device", "local")
    assert "extrapolated" not in stdout
    report = json.loads(_run("predict", new, "--device", "local", "--json")[0])
    truth = sum(known_time(work_of(s)) for s in read_tflite_steps(new.read_bytes(), "x").steps)
    [found] = report["files"]
    assert found["predicted"] == pytest.approx(truth, rel=0.1)
    assert found["low"] < found["predicted"] < found["high"]
    assert (report["unit"], found["held_out"], found["notes"]) == ("ns", 5, [])


def test_what_the_store_has_is_not_measured_again(
    measured: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = [_file(tmp_path / f"family{k}.tflite", k) for k in range(3)]
    _run("fit", *files[:2], "--device", "local")
    stdout, stderr = _run("fit", *files, "--device", "local", "--out", "own.json")
    assert "measuring 1 of 3 files on local" in stderr
    assert "24 layers of 3 files" in stdout
    assert "predict FILE.tflite --device local --model own.json" in stdout
    # A file that is another one by now is no longer what was measured.
    _file(files[0], 77)
    report = json.loads(_run("fit", files[1], "--device", "local", "--json")[0])
    assert (report["files"], report["held_out"]) == (2, [])
    assert len(measured) == 2
    _run("fit", files[1], "--device", "local", "--again")
    assert measured[2] == ["family1"]


def test_what_was_never_seen_is_said(
    measured: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = [_file(tmp_path / f"family{k}.tflite", k) for k in range(3)]
    _run("fit", *files, "--device", "local")
    odd = _file(tmp_path / "odd.tflite", 3, last="TANH")
    stdout, _ = _run("predict", odd, "--device", "local", "--ops")
    assert "1 operator is of kinds that were never measured there (TANH)" in stdout
    assert "outside of what the interval was checked on" in stdout
    assert "unseen" in stdout


def test_without_a_model_the_command_that_fits_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = _file(tmp_path / "a.tflite", 1)
    stdout, stderr = _run("predict", file, "--device", "ssh:me@board", "--threads", "2", code=2)
    assert stdout == ""
    assert "There is no fitted model of latency" in stderr
    assert "python -m device_bench fit --device ssh:me@board --threads 2" in " ".join(
        stderr.split()
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("predict", "missing.tflite", "--device", "local"), "missing.tflite does not exist"),
        (("fit", "missing.tflite", "--device", "local"), "missing.tflite does not exist"),
        (("fit", "--device", "local", "--out", "model.txt"), "is not named like a model"),
        (("fit", "--device", "local", "--quant", "int7"), "There is no scheme 'int7'"),
        (("fit", "--device", "toaster"), "'toaster' names no device."),
    ],
)
def test_wrong_words_are_refused(
    measured: list[list[str]], arguments: tuple[str, ...], message: str
) -> None:
    assert message in " ".join(_run(*arguments, code=2)[1].split())
    assert measured == []
