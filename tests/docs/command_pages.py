"""The reference of all commands, one page for each program, written from their ``--help``.

``python -m tests.docs.command_pages`` writes the pages again after an option has changed.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import typer
from typer.testing import CliRunner

FOLDER = Path(__file__).parents[2] / "docs" / "reference"

#: Page -> the module with the ``app``, and the command of ``edgeship`` that is the same program.
#: A page is named as the folder that ``python -m`` runs.
PAGES = {
    "export": ("_edgeship.export.commands.cli", "edgeship export"),
    "models": ("_edgeship.models.commands.cli", "edgeship models"),
    "device_bench": ("_edgeship.device_bench.commands.cli", "edgeship bench"),
    "edgeship": ("edgeship.cli", "edgeship"),
}

#: Columns of the help; a page shows this many without a scroll bar.
_WIDTH = 88

_HEAD = """# {program}

<!-- Written by `make docs-commands`: do not edit. -->

{about}
"""

_SAME = "Everything here is also `{installed}`, which works [from any folder](../any-folder.md)."
_INSTALLED = """The installed command works [from any folder](../any-folder.md). Behind `export`,
`models` and `bench` come the commands and options of [export](export.md), [models](models.md)
and [device_bench](device_bench.md)."""


def page(name: str) -> str:
    """Return a page as Markdown: the help of the program, then of each of its commands."""
    module, installed = PAGES[name]
    app = importlib.import_module(module).app
    program, about = f"python -m {name}", _SAME.format(installed=installed)
    if name == installed:
        program, about = installed, _INSTALLED
    parts = [_HEAD.format(program=program, about=about)]
    parts.append(_section(None, help_of(app, program)))
    for words in _commands(typer.main.get_command(app)):
        parts.append(_section(f"{program} {' '.join(words)}", help_of(app, program, *words)))
    return "\n".join(parts)


def _commands(group: Any, *before: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each command, and after those of a group the commands in it."""
    for word, command in group.commands.items():
        if not command.hidden:
            yield (*before, word)
            if hasattr(command, "commands"):
                yield from _commands(command, *before, word)


def help_of(app: typer.Typer, program: str, *words: str) -> str:
    """Return what ``--help`` prints behind these words, without the spaces at the lines' ends."""
    plain = {"COLUMNS": str(_WIDTH), "NO_COLOR": "1", "TERM": "dumb"}
    with mock.patch.dict(os.environ, plain):
        done = CliRunner().invoke(app, [*words, "--help"], prog_name=program)
    if done.exit_code != 0:
        raise RuntimeError(f"{program} {' '.join(words)} --help ended with {done.exit_code}")
    lines = [line.rstrip() for line in done.output.strip("\n").splitlines()]
    return "\n".join(lines).strip("\n")


def _section(title: str | None, text: str) -> str:
    heading = "" if title is None else f"## {title}\n\n"
    return f"{heading}```text\n{text}\n```\n"


def main() -> None:
    """Write all pages."""
    for name in PAGES:
        (FOLDER / f"{name}.md").write_text(page(name), encoding="utf-8")


if __name__ == "__main__":
    main()
