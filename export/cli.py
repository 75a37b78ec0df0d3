"""The command line of the compiler: `python -m export MODEL`, and the commands beside it."""
# ruff: noqa: D102  (methods of the framework's group)

from __future__ import annotations

import errno
import traceback
from collections.abc import Callable
from importlib import metadata
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from export.commands import interrupt
from export.commands.convert import convert
from export.commands.doctor import doctor
from export.commands.inspect import inspect
from export.commands.listing import list_
from export.commands.terminal import print_error
from export.commands.verify import verify
from export.errors import EdgeshipError, InputError

PROGRAM = "python -m export"

#: The command that a word which is no command's name is the model of.
DEFAULT = "export"

COMMANDS: dict[str, Callable[..., None]] = {
    "list": list_,
    "doctor": doctor,
    "inspect": inspect,
    "verify": verify,
}

EPILOG = """
**Commands**, each with its own --help:

- `list`: models that can be exported by name, or with --ops the supported operators
- `doctor`: what is installed here, and what is missing
- `inspect`: what a .tflite or .onnx file holds
- `verify`: run a .tflite file in one or more runtimes and compare it with its .onnx

**Exit codes**: 0 done, 1 a bug, 2 wrong input, 3 verification failed, 4 unsupported network,
5 device, 130 interrupted. Every command takes --debug, which adds the traceback to an error.
"""


class ModelFirst(TyperGroup):
    """Commands, where whatever is no command is the command line of an export.

    Also the one place where an exception becomes a message and an exit code.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta["debug"] = "--debug" in args
        args = [arg for arg in args if arg != "--debug"] or ["--help"]
        if args[0] not in {*COMMANDS, "--version"}:
            args = [DEFAULT, *args]
            # Usage lines put the command's name behind the program's, which ends in it already.
            ctx.info_name = (ctx.info_name or "").removesuffix(f" {DEFAULT}")
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt as error:
            print_error("interrupted")
            raise typer.Exit(130) from error
        except Exception as error:
            if interrupt.seen():
                print_error("interrupted")
                raise typer.Exit(130) from error
            if ctx.meta["debug"]:
                traceback.print_exc()
            message, code = explain(error)
            print_error(message)
            raise typer.Exit(code) from error


def explain(error: Exception) -> tuple[str, int]:
    """Return what to print about an exception, and the exit code."""
    if isinstance(error, EdgeshipError):
        return f"error: {error}", error.exit_code
    if isinstance(error, MemoryError):
        return f"error: {InputError('The memory ran out.', todo='close other programs')}", 2
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        place = error.filename or "a temporary file"
        full = InputError(f"No space is left on the device for {place}.", todo="make room")
        return f"error: {full}", 2
    if isinstance(error, OSError) and error.filename is not None:
        unusable = InputError(f"{error.filename} cannot be used.", why=error.strerror or str(error))
        return f"error: {unusable}", 2
    if isinstance(error, ModuleNotFoundError):
        absent = InputError(
            f"The Python package {error.name} is not installed.",
            todo="`python -m export doctor` says what is missing and how to install it",
        )
        return f"error: {absent}", 2
    # typer's usage errors have no public base class in common.
    usage = getattr(error, "format_message", None)
    if usage is not None:
        context = getattr(error, "ctx", None)
        command = PROGRAM if context is None else context.command_path
        wrong = InputError(usage(), todo=f"`{command} --help` explains the options")
        return f"error: {wrong}", 2
    text = " ".join(str(error).split())
    return (
        f"internal error: {type(error).__name__}: {text}\n"
        "  do: run it again with --debug and report what it prints",
        1,
    )


def _version(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(f"edgeship {metadata.version('edgeship')}")
        except metadata.PackageNotFoundError:
            typer.echo("edgeship, from a checkout that is not installed")
        raise typer.Exit


app = typer.Typer(
    cls=ModelFirst,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Turn a network into verified files for phones."""


app.command(DEFAULT, hidden=True, epilog=EPILOG)(convert)
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)
