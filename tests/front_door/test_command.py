"""The command `edgeship` and the three ``python -m`` forms behave alike."""

from __future__ import annotations

import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
from typer.testing import CliRunner

from _edgeship.terminal.invocation import FORMS, Invocation, as_typed, begin, current
from edgeship.cli import PROGRAMS, app
from tests.front_door.doors import DOORS, EDGESHIP, call

ROOT = Path(__file__).parents[2]


def run(*words: str, code: int = 0) -> tuple[str, str]:
    """Return stdout and stderr of `edgeship WORDS`, its exit code checked."""
    result = CliRunner().invoke(app, list(words), prog_name="edgeship")
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [EDGESHIP, (sys.executable, "-m", "edgeship"), *chain(*DOORS.values())],
    ids=" ".join,
)
def test_a_bare_call_prints_help(command: tuple[str, ...]) -> None:
    stdout, stderr = call(command, ROOT)
    assert "Usage:" in stdout
    assert stderr == ""
    assert call((*command, "-h"), ROOT) == call((*command, "--help"), ROOT) == (stdout, "")


def test_help_lists_the_three_programs() -> None:
    stdout, _ = run("--help")
    assert list(PROGRAMS) == list(DOORS)
    for word in ("export", "models", "bench", "--install-completion", "--version"):
        assert word in stdout


@pytest.mark.parametrize("words", [(), ("export",), ("models",), ("bench",)])
def test_every_program_says_the_version(words: tuple[str, ...]) -> None:
    stdout, _ = run(*words, "--version")
    assert stdout.startswith("edgeship")


@pytest.mark.parametrize(
    "words",
    [
        ("export", "inspect"),
        ("export", "advise"),
        ("models", "info"),
        ("models", "train"),
        ("bench", "run"),
        ("bench", "devices"),
    ],
)
def test_every_command_takes_h_and_names_itself(words: tuple[str, ...]) -> None:
    stdout, _ = run(*words, "-h")
    assert f"Usage: edgeship {' '.join(words)}" in stdout


@pytest.mark.parametrize(
    ("words", "todo"),
    [
        (("export", "list", "nothing*"), "edgeship models list"),
        (("models", "info", "nothing"), "edgeship models list"),
        (("bench", "run"), "edgeship bench run --help"),
        (("export", "--no-such-option"), "edgeship export --help"),
        (("nothing",), "edgeship --help"),
    ],
)
def test_advice_names_the_form_that_was_typed(words: tuple[str, ...], todo: str) -> None:
    stdout, stderr = run(*words, code=2)
    assert stdout == ""
    assert stderr.startswith("error: ")
    assert f"`{todo}`" in stderr


def test_the_other_form_keeps_its_own_name() -> None:
    from _edgeship.models.commands.cli import PROGRAM
    from _edgeship.models.commands.cli import app as models

    result = CliRunner().invoke(models, ["info", "nothing"], prog_name=PROGRAM)
    assert "`python -m models list`" in result.stderr


def test_commands_are_said_in_each_form() -> None:
    text = "`python -m export list`, python -m models info; python -m device_bench run"
    end = begin(Invocation("edgeship bench"))
    assert as_typed(text) == "`edgeship export list`, edgeship models info; edgeship bench run"
    end()
    assert as_typed(text) == text
    end = begin(Invocation("python -m export"))
    assert as_typed(text) == text
    end()
    assert set(FORMS.values()) == {f"edgeship {word}" for word in PROGRAMS}


@pytest.mark.parametrize("flag", ["-q", "--quiet", "-v", "--verbose", "--debug"])
@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_flags_are_taken_in_any_place(flag: str, place: int) -> None:
    words = ["models", "list", "effnet"]
    assert run(*words[:place], flag, *words[place:]) == run(*words)


def test_a_call_is_over_when_it_has_ended() -> None:
    for words, code in ((("models", "list"), 0), (("models", "--nothing"), 2), (("nothing",), 2)):
        run(*words, code=code)
        assert current() == Invocation("edgeship")


def test_a_word_behind_two_dashes_is_no_flag() -> None:
    _, stderr = run("models", "info", "--", "-q", code=2)
    assert "There is no model named '-q'." in stderr


def test_debug_before_the_program_shows_the_traceback() -> None:
    _, stderr = run("--debug", "models", "info", "nothing", code=2)
    assert "Traceback" in stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ex", "export"),
        ("export do", "doctor"),
        ("export effn", "effnet_large"),
        ("export --to tflite,", "tflite,coreml"),
        ("export --quant none,in", "none,int8"),
        ("export --weights ", "cifar10"),
        ("export advise effn", "effnet_large"),
        ("models ", "info"),
        ("models info effn", "effnet_large"),
        ("bench run --device ", "virtual"),
    ],
)
def test_words_are_completed(words: str, expected: str) -> None:
    asked = {"_EDGESHIP_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": f"edgeship {words}"}
    result = CliRunner().invoke(app, prog_name="edgeship", env=asked)
    assert f'"{expected}"' in result.output


def test_completing_a_list_does_not_repeat_a_word() -> None:
    from _edgeship.export.commands.completion import targets

    assert "tflite,tflite" not in targets("tflite,")
    assert "tflite" in targets("")


HELP = """
import sys
from typer.testing import CliRunner
from edgeship.cli import app
for word in ([], ["export"], ["models"], ["bench"], ["export", "inspect"]):
    assert CliRunner().invoke(app, [*word, "--help"]).exit_code == 0
heavy = {"torch", "onnx", "onnx_ir", "onnxruntime", "ai_edge_litert", "numpy", "PIL"}
print(sorted(heavy & set(sys.modules)))
"""


def test_help_imports_nothing_heavy() -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", HELP], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("words", [("bundle", "net.onnx", "--author"), ("verify",)], ids=str)
def test_words_that_are_no_text_are_refused(words: tuple[str, ...]) -> None:
    _, stderr = run("export", *words, "a\udcff", code=2)
    assert stderr == "error: a\\udcff is not UTF-8.\n  do: type it again, or rename the file\n"
