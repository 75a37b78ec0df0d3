"""A group of commands that ends every exception in a message and an exit code."""

from __future__ import annotations

import errno
import traceback
from typing import Any

import typer
from typer.core import TyperGroup

from _edgeship.errors import EdgeshipError, InputError
from _edgeship.terminal import interrupt
from _edgeship.terminal.console import print_error


class CommandGroup(TyperGroup):
    """Commands that all take --debug; the one place where an exception becomes an exit code."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta["debug"] = "--debug" in args
        words = [arg for arg in args if arg != "--debug"] or ["--help"]
        return super().parse_args(ctx, self.command_line(ctx, words))

    def command_line(self, ctx: Any, words: list[str]) -> list[str]:
        """Return the words with the command's name first; there is at least one."""
        return words

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
        command = "python -m export" if context is None else context.command_path
        wrong = InputError(usage(), todo=f"`{command} --help` explains the options")
        return f"error: {wrong}", 2
    text = " ".join(str(error).split())
    return (
        f"internal error: {type(error).__name__}: {text}\n"
        "  do: run it again with --debug and report what it prints",
        1,
    )
