"""The README and the manual say what is so: commands, options, files and addresses exist."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from importlib import import_module

import pytest
import typer

from tests.docs.command_pages import PAGES as PROGRAMS
from tests.docs.command_pages import help_of
from tests.docs.transcripts import PAGES, ROOT

DOCUMENTS = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "ARCHITECTURE.md"]
WRITTEN = [page for page in DOCUMENTS if page.parent != ROOT / "docs" / "reference"]

#: How a command line of ours begins, as the page of `PROGRAMS` that it belongs to.
BEGINNINGS = {
    beginning: name
    for name, (_, installed) in PROGRAMS.items()
    if name != installed
    for beginning in (f"python -m {name}", installed)
}

#: Options that every command takes, and that its own help does not list.
EVERYWHERE = {"--debug", "--quiet", "--verbose"}


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Yield the commands in the blocks of all pages: page of the program, words behind it."""
    for document in WRITTEN:
        for block in re.findall(r"```[a-z]*\n(.*?)```", document.read_text(), re.DOTALL):
            for line in block.splitlines():
                plain = line.removeprefix("$ ").split(" | ")[0]
                for beginning, name in BEGINNINGS.items():
                    if plain.startswith(f"{beginning} ") and "..." not in plain:
                        yield name, shlex.split(plain.removeprefix(beginning), comments=True)


@cache
def options_of(name: str, *words: str) -> frozenset[str]:
    """Return the options of the command that words begin with, of the program itself for none."""
    app = import_module(PROGRAMS[name][0]).app
    command, path = typer.main.get_command(app), []
    for word in words:
        command = getattr(command, "commands", {}).get(word)
        if command is None:
            break
        path.append(word)
    text = help_of(app, f"python -m {name}", *path)
    return frozenset(re.findall(r"^│ [* ]*(--[a-z-]+)", text, re.MULTILINE)) | EVERYWHERE


COMMAND_LINES = sorted({(name, *words) for name, words in command_lines()})


def test_there_are_commands_of_every_program() -> None:
    assert {name for name, *_ in COMMAND_LINES} == set(BEGINNINGS.values())
    assert len(COMMAND_LINES) > 20


@pytest.mark.parametrize("line", COMMAND_LINES, ids=" ".join)
def test_the_options_of_a_command_exist(line: tuple[str, ...]) -> None:
    name, *words = line
    used = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert used <= options_of(name, *words)


def test_commands_without_an_option_would_be_told_apart() -> None:
    """`options_of` finds what there is, and not more."""
    assert "--quant" in options_of("export", "shufflenet_v2")
    assert "--quant" not in options_of("export", "inspect")
    assert "--cores" in options_of("device_bench", "run")
    assert "--litert" in options_of("device_bench", "app", "build")
    assert "--litert" not in options_of("device_bench", "app")


def test_links_from_the_papers_at_the_top_lead_somewhere() -> None:
    links = [
        (document.name, link)
        for document in DOCUMENTS
        if document.parent == ROOT
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text())
        if not link.startswith("http")
    ]
    assert links
    assert [each for each in links if not (ROOT / each[1]).exists()] == []


def test_files_that_are_named_exist() -> None:
    """What is written as `export/...`, `models/...` and so on is a file or a folder here."""
    places = "export|models|device_bench|tests|benchmarks|examples|docs|_edgeship|edgeship"
    named = {
        (document.name, path)
        for document in WRITTEN
        for path in re.findall(rf"`((?:{places})/[\w./-]+)`", document.read_text())
        if "NAME" not in path
    }
    assert len(named) > 10
    assert sorted(each for each in named if not (ROOT / each[1]).exists()) == []


def test_the_address_of_the_project_is_that_of_pyproject() -> None:
    declared = re.findall(
        r'^Homepage = "([^"]+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    [home] = declared
    named = {
        address
        for document in DOCUMENTS
        for address in re.findall(r"https://github\.com/[\w-]+/edgeship\b", document.read_text())
    }
    assert named == {home}


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 200


def test_the_path_from_the_readme_to_a_convolution_leads_there() -> None:
    """Each file of the path has the function that is named, and imports the next file."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    section = text.partition("## From README to a CONV_2D\n")[2].partition("\n## ")[0]
    steps = re.findall(r"^\d\. `([\w/.]+)`: `(\w+)`", section, re.MULTILINE)
    assert 3 <= len(steps) <= 5
    for index, (path, function) in enumerate(steps):
        code = (ROOT / path).read_text()
        assert f"\ndef {function}(" in code
        for following, _ in steps[index + 1 : index + 2]:
            module = following.removesuffix(".py").replace("/", ".")
            # The operators of a folder are imported together, as their table.
            assert f"_edgeship.{module} import" in code or (
                f"_edgeship.{module.rpartition('.')[0]} import LOWERINGS" in code
            )
    assert '"CONV_2D"' in (ROOT / steps[-1][0]).read_text()
