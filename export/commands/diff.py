"""`diff`: what changed between two exports, bundles or files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from _edgeship.errors import InputError
from _edgeship.export.commands import options
from _edgeship.export.contract.labels import read_labels
from _edgeship.export.pipeline import TARGETS
from _edgeship.terminal.console import print_json
from _edgeship.terminal.progress import counting_bar

ENDINGS = ", ".join(target.suffix for target in TARGETS.values())

_WHAT = f"a bundle (folder or .zip), the folder of an export, or one file: {ENDINGS}."


def diff(
    before: Annotated[Path, typer.Argument(metavar="A", help=f"What the app has: {_WHAT}")],
    after: Annotated[Path, typer.Argument(metavar="B", help="What it is to take: likewise.")],
    samples: Annotated[
        str | None,
        typer.Option(
            metavar="DIR|FILE|random",
            help="Samples to run both on. By default the pictures shipped with edgeship.",
        ),
    ] = None,
    no_run: Annotated[
        bool, typer.Option("--no-run", help="Compare what is recorded and stored; run nothing.")
    ] = False,
    eval_: Annotated[
        Path | None,
        typer.Option(
            "--eval",
            metavar="DIR|ZIP|CSV",
            help="Evaluate both on these pictures as well, as `evaluate --data` does.",
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Names of the classes of these pictures, as in `evaluate`."
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="The most of these pictures.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what changed from A to B, and whether an app can take B in the place of A.

    The exit code is 0 where it can, and 3 where the app must change.
    """
    if no_run and (samples is not None or eval_ is not None):
        raise InputError("--no-run goes with neither --samples nor --eval.", todo="leave it out")
    if eval_ is None and (labels is not None or limit is not None):
        raise InputError("--labels and --limit are about the pictures of --eval.", todo="name them")
    if samples is not None:
        options.check_calibration(samples)
    classes = () if labels is None else read_labels(labels)
    from _edgeship.export.commands.diff_view import show
    from _edgeship.export.differences.compare import Asked, compare_deliveries

    asked = Asked(not no_run, samples, eval_, classes, limit)
    with counting_bar() as listener:
        found = compare_deliveries(before, after, asked, listener)
    if as_json:
        print_json(found.to_dict())
    else:
        show(found)
    if found.breaking:
        raise typer.Exit(3)
