"""`verify` of a bundle: its checks, printed one in a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from _edgeship.errors import InputError
from _edgeship.export.commands.exporting import progress
from _edgeship.terminal import interrupt
from _edgeship.terminal.console import add_row, console, print_json, printable, table
from _edgeship.terminal.invocation import current

if TYPE_CHECKING:
    from _edgeship.export.bundle.check import Check


def verify_bundle(path: Path, key: str | None, given: Mapping[str, object], as_json: bool) -> None:
    """Check a bundle and print what was found.

    Args:
        path: Its folder or zip file.
        key: Public key that it must be signed with.
        given: Options that only files have -> what the user gave for them.
        as_json: Whether to print JSON.

    Raises:
        InputError: It is no bundle, or an option does not go with one.
        Exit: With 3, if a check failed.
    """
    for option in (option for option, value in given.items() if value):
        raise InputError(
            f"{option} goes with a file, not with a bundle.", todo=f"name a file in {path}"
        )
    from _edgeship.export.bundle.checking import check_bundle

    if as_json or current().quiet:
        checks = check_bundle(path, key, lambda stage: interrupt.check())
    else:
        with progress(console()) as shown:
            checks = check_bundle(path, key, shown.begin)
    failed = [one for one in checks if one.problem]
    if as_json:
        found = [asdict(one) for one in checks]
        print_json({"bundle": str(path), "ok": not failed, "checks": found})
    elif not current().quiet:
        _show(path, checks)
    if failed:
        raise typer.Exit(3)


def _show(path: Path, checks: list[Check]) -> None:
    output = console()
    output.print()
    shown = table("check", "", "what was compared")
    for one in checks:
        verdict = "FAILED" if one.problem else "not checked" if one.skipped else "ok"
        words = "; ".join(filter(None, (one.problem, one.skipped))) or one.compared
        add_row(shown, one.name, verdict, words)
    output.print(shown)
    failed = sum(bool(one.problem) for one in checks)
    skipped = sum(bool(one.skipped) for one in checks)
    verdict = f"{failed} of {len(checks)} checks FAILED" if failed else "all that was checked holds"
    left = f"; {skipped} could not be checked" if skipped else ""
    output.print()
    output.print(printable(f"{path}: {verdict}{left}"), soft_wrap=True)
