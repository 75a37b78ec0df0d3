"""A group of commands that ends every exception in a message and an exit code."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Iterable
from typing import Any

import typer
from typer.core import TyperGroup

from _edgeship.errors import EdgeshipError, InputError
from _edgeship.terminal import interrupt, invocation
from _edgeship.terminal.console import print_error
from _edgeship.terminal.invocation import Invocation
from _edgeship.terminal.passwords import without_passwords

#: Options of every command, in any place -> the field of `Invocation` that they set.
EVERYWHERE = {
    "--debug": "debug",
    "-q": "quiet",
    "--quiet": "quiet",
    "-v": "verbose",
    "--verbose": "verbose",
}

#: The same for people, as Markdown; for ``epilog``.
EVERYWHERE_HELP = """
Every command takes -q or --quiet (no progress and no advice; an export then prints the paths of its
files and nothing else), -v or --verbose (more about an export), and --debug (the traceback of an
error).
"""

#: How help is asked for; for ``context_settings``.
HELP = {"help_option_names": ["-h", "--help"]}


class CommandGroup(TyperGroup):
    """Commands that share some options; the one place where an exception becomes an exit code."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        options = args[: args.index("--")] if "--" in args else args
        flags = [word for word in options if word in EVERYWHERE]
        words = [word for word in options if word not in EVERYWHERE] + args[len(options) :]
        if ctx.resilient_parsing:  # for shell completion: nothing is run
            return super().parse_args(ctx, self.command_line(ctx, words, flags))
        fields = dict.fromkeys((EVERYWHERE[flag] for flag in flags), True)
        end = invocation.begin(Invocation(ctx.info_name or "", tuple(args), **fields))
        try:
            rest = super().parse_args(ctx, self.command_line(ctx, words or ["--help"], flags))
        except BaseException:
            end()
            raise
        ctx.call_on_close(end)
        return rest

    def command_line(self, ctx: Any, words: list[str], flags: list[str]) -> list[str]:
        """Return the words with the command's name first, if there are any.

        Args:
            ctx: The context that is being made.
            words: What the user typed, but for `flags`.
            flags: Those of `EVERYWHERE` that the user typed.
        """
        return words

    def invoke(self, ctx: Any) -> Any:
        try:
            _check_text(invocation.current().words)
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt as error:
            print_error("interrupted")
            raise typer.Exit(interrupt.exit_code()) from error
        except Exception as error:
            if interrupt.seen():
                print_error("interrupted")
                raise typer.Exit(interrupt.exit_code()) from error
            if invocation.current().debug:
                traceback.print_exc()
            message, code = explain(error)
            print_error(message)
            raise typer.Exit(code) from error


def _check_text(words: Iterable[str]) -> None:
    """Check that words are text: manifests, pages and stores are UTF-8, and quote them.

    Raises:
        InputError: One holds other bytes, as names of files may on Linux.
    """
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError as error:
            raise InputError(
                f"{without_passwords(word)} is not UTF-8.", todo="type it again, or rename the file"
            ) from error


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
