"""`guidelines`: what it plans, prints and keeps, with stand-ins for the device and the exports."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from _edgeship.device_bench.commands import measuring
from _edgeship.device_bench.commands.guidelines import guidelines
from _edgeship.device_bench.commands.guidelines_view import grouped
from _edgeship.device_bench.commands.measuring import Plan, Result
from _edgeship.device_bench.results.acceleration import Acceleration
from _edgeship.device_bench.results.records import Session
from _edgeship.device_bench.studies import probe_files
from _edgeship.errors import DeviceError
from _edgeship.terminal.command_group import CommandGroup
from tests.device_bench.synthetic import PHONE, session

_APP = typer.Typer(cls=CommandGroup, pretty_exceptions_enable=False)
_APP.command("guidelines")(guidelines)
_APP.command("other")(lambda: None)  # one command alone would not have a name


def _run(*arguments: str, code: int = 0) -> tuple[str, str]:
    result = CliRunner().invoke(_APP, ["guidelines", *arguments])
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], Plan]]:
    """Let each row of a table take 10 % longer than the one before it."""
    calls: list[tuple[list[str], Plan]] = []

    def files(
        model: str, schemes: Sequence[str], say: Callable[[str], None], size: int | None
    ) -> dict[str, Path]:
        sized = model if size is None else f"{model}-{size}"
        return {scheme: Path(f"{sized}_{scheme}.tflite") for scheme in schemes}

    def measure(files: Sequence[Path], plans: Sequence[Plan], store: Path) -> Result:
        names = [file.stem for file in files]
        calls.append((names, plans[0]))
        return Result([_session(names)], [], interrupted=False)

    monkeypatch.setattr(probe_files, "probe_files", files)
    monkeypatch.setattr(measuring, "measure_all", measure)
    return calls


def _session(names: Sequence[str]) -> Session:
    medians = [4e6 * 1.1**index for index in range(len(names))]
    return session(f"session-{names[0]}", PHONE, medians, rounds=12, labels=names)


def test_each_column_is_a_session_of_its_rows(measured: list[tuple[list[str], Plan]]) -> None:
    stdout, stderr = _run("--device", "local", "--only", "g1,G4", "--scale", "2")
    assert [len(names) for names, _ in measured] == [4, 4, 4, 4]
    assert measured[0][0][1] == "probe_g1_arm_1to2_x2_none"
    assert measured[3][0][0] == "probe_g4_relu_shortcut_c64_int8"
    assert measured[0][1].settings.rounds == 11  # enough for 99.9 %
    lines = [" ".join(line.split()) for line in stdout.splitlines()]
    assert "Table 1, arm channels x2, none; the paper measured one thread" in stdout
    [row] = [line for line in lines if line.startswith("1:12 ")][:1]
    assert row.endswith("1.44 slower")  # 21.7 / 15.1
    verdicts = [line for line in lines if " here: " in line]
    assert [line[:20] for line in verdicts] == ["G1 holds here: 1:12 "] * 2 + [
        "G4 does not hold her"
    ] * 2  # the first row, with ReLU and shortcut, was the fastest
    assert "measuring G4, arm channels x2, int8 (4 of 4)" in stderr
    assert "python -m device_bench report session-probe_g1" in stdout
    # The stand-ins all have the same warning, which is told once.
    assert stdout.count("warning: ") == 1


def test_json_has_the_same(measured: list[tuple[list[str], Plan]]) -> None:
    stdout, _ = _run(
        *("--device", "local", "--only", "G3", "--quant", "int8", "--channels", "gpu"),
        *("--rounds", "7", "--scale", "1", "--json"),
    )
    report = json.loads(stdout)
    assert measured[0][1].settings.rounds == 7
    assert (report["device"], report["complete"]) == ("local", True)
    [column] = report["columns"]
    assert (column["guideline"], column["channels"], column["scheme"]) == ("G3", "gpu", "int8")
    assert column["rows"][-1]["label"] == column["warned_of"] == "4 fragments in parallel"
    assert column["rows"][-1]["paper_ratio"] == pytest.approx(2446 / 691)
    assert column["rows"][-1]["ratio"] == pytest.approx(1.1**4, rel=0.02)
    assert column["verdict"] == "holds"
    assert len(column["warnings"]) == 1


def test_columns_before_an_error_are_shown(
    measured: list[tuple[list[str], Plan]], monkeypatch: pytest.MonkeyPatch
) -> None:
    works = measuring.measure_all

    def fail_later(files: Sequence[Path], plans: Sequence[Plan], store: Path) -> Result:
        if measured:
            return Result([], [("local", DeviceError("It is gone."))], interrupted=False)
        return works(files, plans, store)

    monkeypatch.setattr(measuring, "measure_all", fail_later)
    few = ("--only", "G1,G2", "--quant", "none", "--scale", "1")
    stdout, stderr = _run("--device", "local", *few, code=5)
    assert "error: It is gone." in stderr
    assert "G1 holds here" in stdout
    assert "1 of 2 columns were not measured" in stdout


def test_an_interrupt_keeps_what_is_done(
    measured: list[tuple[list[str], Plan]], monkeypatch: pytest.MonkeyPatch
) -> None:
    works = measuring.measure_all

    def interrupt_later(files: Sequence[Path], plans: Sequence[Plan], store: Path) -> Result:
        return Result([], [], interrupted=True) if measured else works(files, plans, store)

    monkeypatch.setattr(measuring, "measure_all", interrupt_later)
    stdout, stderr = _run("--device", "local", "--only", "G1", "--json", code=130)
    assert "interrupted" in stderr
    report = json.loads(stdout)
    assert (report["complete"], len(report["columns"])) == (False, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--only", "G5"), "--only cannot be 'G5'."),
        (("--only", ","), "--only cannot be ','."),
        (("--scale", "3"), "--scale cannot be '3'."),
        (("--scale", "1,x"), "choose from 1, 2, 4"),
        (("--channels", "npu"), "--channels cannot be 'npu'."),
        (("--quant", "int7"), "There is no scheme 'int7'"),
        (("--device", "toaster"), "'toaster' names no device."),
    ],
)
def test_wrong_words_are_refused_before_anything_is_done(
    measured: list[tuple[list[str], Plan]], arguments: tuple[str, ...], message: str
) -> None:
    stdout, stderr = _run("--device", "local", *arguments, code=2)
    assert message in stderr
    assert stdout == ""
    assert measured == []


def test_warnings_that_differ_in_figures_are_said_once() -> None:
    busy = "The device was busy (load {} on 2 cores): close other programs."
    few = "Only 2 round(s): use --rounds 10 or more."

    assert grouped([busy.format("8.1"), few, busy.format("7.9"), busy.format("7.2")]) == [
        f"{busy.format('8.1')} (2 more with other figures)",
        few,
    ]


def test_all_columns_of_a_table_are_measured_and_shown_together(
    measured: list[tuple[list[str], Plan]],
) -> None:
    stdout, _ = _run("--device", "local", "--only", "G1", "--quant", "int8")
    assert [names[0] for names, _ in measured] == [
        "probe_g1_arm_1to1_int8", "probe_g1_arm_1to1_x2_int8", "probe_g1_arm_1to1_x4_int8",
    ]  # fmt: skip
    assert "paper x4" in stdout
    assert "? no difference shown" in stdout


def test_a_software_gpu_is_called_one_wherever_it_speaks(
    measured: list[tuple[list[str], Plan]], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Acceleration(driver="SwiftShader", software=True)
    planned: list[str] = []

    def measure(files: Sequence[Path], plans: Sequence[Plan], store: Path) -> Result:
        planned.extend(file.stem for file in files)
        plain = _session([file.stem for file in files])
        on_gpu = tuple(
            one.model_copy(
                update={
                    "acceleration": found,
                    "settings": one.settings.model_copy(update={"accelerator": "gpu"}),
                }
            )
            for one in plain.measurements
        )
        whole = plain.model_copy(update={"measurements": on_gpu})
        return Result([whole], [], interrupted=False)

    monkeypatch.setattr(measuring, "measure_all", measure)
    few = ("--accelerator", "gpu", "--only", "G1", "--scale", "1", "--quant", "none")
    stdout, _ = _run("--device", "local", *few)
    assert planned[0] == "probe_g1_gpu_1to1_none"  # the paper's channels for the GPU
    assert "holds here" not in stdout
    assert "G1 holds on this software driver, which is no GPU" in stdout
    assert "its times are no GPU's" in stdout
    stdout, _ = _run("--device", "local", *few, "--json")
    [column] = json.loads(stdout)["columns"]
    assert (column["accelerator"], column["software"]) == ("gpu (software)", True)


def test_smaller_inputs_than_the_papers_are_said_everywhere(
    measured: list[tuple[list[str], Plan]],
) -> None:
    words = ("--device", "local", "--only", "G1", "--scale", "1", "--quant", "none")
    stdout, _ = _run(*words, "--side", "14")
    assert next(name for names, _ in measured for name in names) == "probe_g1_arm_1to1-14_none"
    assert stdout.count("inputs of 14x14 and not 56x56") == 2
    assert json.loads(_run(*words, "--side", "14", "--json")[0])["columns"][0]["side"] == 14

    assert "inputs of" not in _run(*words)[0]
    assert json.loads(_run(*words, "--json")[0])["columns"][0]["side"] == 56
