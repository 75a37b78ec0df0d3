"""The command line of the compiler: `python -m export MODEL`, and the commands beside it."""
# ruff: noqa: D102  (method of the framework's group)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer

from _edgeship.export.commands import options
from _edgeship.export.commands.advise import advise
from _edgeship.export.commands.bundle import bundle
from _edgeship.export.commands.convert import convert
from _edgeship.export.commands.diff import diff
from _edgeship.export.commands.doctor import doctor
from _edgeship.export.commands.evaluate import evaluate
from _edgeship.export.commands.inspect import inspect
from _edgeship.export.commands.listing import list_
from _edgeship.export.commands.sensitivity import sensitivity
from _edgeship.export.commands.sweep import sweep
from _edgeship.export.commands.verify import verify
from _edgeship.terminal.command_group import EVERYWHERE_HELP, HELP, CommandGroup
from _edgeship.terminal.version import VersionOption

PROGRAM = "python -m export"

#: The command that is meant where the first word is not the name of a command but a MODEL.
DEFAULT = "export"

COMMANDS: dict[str, Callable[..., None]] = {
    "list": list_,
    "doctor": doctor,
    "inspect": inspect,
    "verify": verify,
    "evaluate": evaluate,
    "bundle": bundle,
    "diff": diff,
    "sensitivity": sensitivity,
    "advise": advise,
    "sweep": sweep,
}

EPILOG = """
**Commands**, each with its own --help:

- `list`: models that can be exported by name, or with --ops the supported operators
- `doctor`: what is installed here, and what is missing
- `inspect`: what a .tflite, .mlpackage, .aimodel or .onnx holds
- `verify`: run such a file in one or more runtimes and compare it with its graph
- `evaluate`: accuracy of files and networks on your own pictures, and how far they are apart
- `diff`: what changed between two exports, bundles or files, and what an app must change
- `bundle`: an export with all that an app team needs in order to use it, as a folder and a zip file
- `sensitivity`: which layers lose most of a network in 8 bits, alone and together
- `advise`: which layers break a guideline for fast networks, and what would mend it
- `sweep`: many networks, targets, schemes and options from one file, each export made once

**Exit codes**: 0 done, 1 a bug, 2 wrong input, 3 verification failed, 4 unsupported network,
5 device, 130 interrupted.
"""


class ModelFirst(CommandGroup):
    """Commands; words that begin with none of their names are those of an export."""

    def command_line(self, ctx: Any, words: list[str], flags: list[str]) -> list[str]:
        if words and words[0] == "bundle":
            return options.with_values(words)
        if words and words[0] in {*COMMANDS, "--version"}:
            return words
        # Usage lines put the command's name behind the program's, which ends in it already.
        ctx.info_name = (ctx.info_name or "").removesuffix(f" {DEFAULT}")
        return [DEFAULT, *options.with_values(words)]


app = typer.Typer(
    cls=ModelFirst,
    context_settings=HELP,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.callback()
def _options(version: VersionOption = False) -> None:
    """Turn a network into verified files for phones."""


app.command(DEFAULT, hidden=True, epilog=EPILOG + EVERYWHERE_HELP)(convert)
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)
