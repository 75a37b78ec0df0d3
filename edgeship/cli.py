"""The console command: `edgeship export|models|bench ...`."""
# ruff: noqa: D102  (methods of the framework's classes)

from __future__ import annotations

import importlib
from typing import Any

import typer
from typer.core import TyperCommand

from _edgeship.terminal.command_group import EVERYWHERE_HELP, HELP, CommandGroup
from _edgeship.terminal.entry import start
from _edgeship.terminal.version import VersionOption

PROGRAM = "edgeship"

#: The word behind `edgeship` -> the command line that it stands for, and what that does.
PROGRAMS = {
    "export": ("_edgeship.export.commands.cli", "Turn a network into verified files for phones."),
    "models": (
        "_edgeship.models.commands.cli",
        "List the networks that can be exported by name; show, train and evaluate one.",
    ),
    "bench": (
        "_edgeship.device_bench.commands.cli",
        "Measure how fast .tflite files run on phones, boards and this computer.",
    ),
}


class Program(TyperCommand):
    """One of the three command lines, imported when it is called and not to be listed."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        module, _ = PROGRAMS[self.name or ""]
        real = typer.main.get_command(importlib.import_module(module).app)
        # A context of its own: its messages begin with `edgeship export`, as with `python -m`.
        return real.make_context(f"{PROGRAM} {self.name}", args, **extra)


class Programs(CommandGroup):
    """The three command lines; ``edgeship -q export`` is ``edgeship export -q``."""

    def command_line(self, ctx: Any, words: list[str], flags: list[str]) -> list[str]:
        return [*words[:1], *flags, *words[1:]] if words and words[0] in PROGRAMS else words

    def list_commands(self, ctx: Any) -> list[str]:
        return list(PROGRAMS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in PROGRAMS:
            return None
        return Program(cmd_name, help=PROGRAMS[cmd_name][1], rich_markup_mode="markdown")


app = typer.Typer(
    cls=Programs,
    epilog=EVERYWHERE_HELP,
    context_settings=HELP,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.callback()
def _about(version: VersionOption = False) -> None:
    """Turn networks into files for phones, prove what they compute, measure how fast they are."""


def main() -> None:
    """Run the command that is named on the command line."""
    start("edgeship.cli")
