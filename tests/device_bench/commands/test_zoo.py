import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from _edgeship.device_bench.commands.cli import PROGRAM, app
from _edgeship.device_bench.store.store import Store


def _run(*arguments: object, code: int = 0) -> tuple[str, str]:
    result = CliRunner().invoke(app, [str(word) for word in arguments], prog_name=PROGRAM)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.stdout, result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing*",), "No model's name matches 'nothing*'"),
        (("effnet", "--quant", "int3"), "no scheme 'int3'"),
        (("effnet", "--weights", "mine.pth"), "choose from cifar10, imagenet"),
        (("effnet", "--data", "x.zip"), "--data evaluates trained networks"),
        (("effnet", "--out", "x.pdf"), "not named like a page"),
        (("effnet", "--device", "toaster"), "toaster"),
    ],
)
def test_bad_input_is_refused_before_anything_is_exported(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    places = ("--folder", tmp_path / "zoo", "--store", tmp_path / "s.sqlite")
    stdout, stderr = _run("zoo", "--device", "local", *places, *arguments, code=2)
    assert stdout == ""
    assert message in stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_grid_is_exported_measured_stored_and_drawn(tmp_path: Path) -> None:
    out = tmp_path / "zoo.html"
    stdout, stderr = _run(
        "zoo", "effnet", "--device", "local", "--runner", "python", "--weights", "cifar10",
        "--folder", tmp_path / "zoo", "--store", tmp_path / "s.sqlite", "--out", out,
        "--rounds", 2, "--runs", 2, "--seconds", 0, "--json",
    )  # fmt: skip
    assert "exporting effnet (1 of 1)" in stderr
    found = json.loads(stdout)
    assert [one["scheme"] for one in found["networks"]] == ["none", "int8"]
    for one in found["networks"]:
        assert one["accuracy"]["percent"] == pytest.approx(79.36)
        assert one["summary"]["runs"] >= 4
        assert Path(one["path"]).is_file()
    with Store(tmp_path / "s.sqlite", create=False) as store:
        (session,) = store.sessions()
    assert session.id == found["session"]
    assert session.complete
    assert "<svg" in out.read_text()
