"""`bundle`: an export, and all that an app team needs in order to use it, in one folder and zip."""

from __future__ import annotations

import inspect
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from _edgeship.device_bench.store.place import Place, place_of
from _edgeship.errors import InputError
from _edgeship.export.commands.asking import request_of
from _edgeship.export.commands.convert import convert
from _edgeship.export.commands.exporting import exported, progress
from _edgeship.terminal import interrupt, words
from _edgeship.terminal.console import add_row, console, printable, size, table
from _edgeship.terminal.invocation import current

if TYPE_CHECKING:
    from collections.abc import Collection

    from rich.table import Table

    from _edgeship.export.bundle.making import Made, Wishes


def _own_options(
    *,
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL|DIR",
            help="What to export, as in an export; or the folder of files that were exported "
            "before.",
        ),
    ],
    eval_: Annotated[
        Path | None,
        typer.Option(
            "--eval",
            metavar="DIR|ZIP|CSV",
            help="Labelled pictures: the accuracy of all files on them is written into the card. "
            "--max-drop is judged on them, too.",
        ),
    ] = None,
    pictures: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|ZIP",
            help="Pictures of which three become the sample inputs, which travel with the bundle. "
            "By default some that come with edgeship.",
        ),
    ] = None,
    store: Annotated[
        Place | None,
        typer.Option(
            metavar="FILE|URL",
            parser=place_of,
            help="Where the bench keeps what it measured, for the latencies in the card. By "
            "default build/device_bench.sqlite, if it is there.",
        ),
    ] = None,
    sign: Annotated[
        Path | None,
        typer.Option(
            metavar="KEY", help="Secret key of minisign to sign the list of digests with."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where the files go, and the bundle beside them: build/MODEL by default; of a "
            "folder, that folder.",
        ),
    ] = None,
) -> None:
    """Hold the options that an export does not have, or that mean something else here."""


def _signature() -> inspect.Signature:
    """Return the options of an export with those of a bundle among them."""
    shared = inspect.signature(convert, eval_str=True).parameters
    own = inspect.signature(_own_options, eval_str=True).parameters
    together = {**shared, **own}
    keyword = inspect.Parameter.KEYWORD_ONLY
    return inspect.Signature([one.replace(kind=keyword) for one in together.values()])


def bundle(**options: Any) -> None:
    """Make a bundle: the files of an export with all that an app team needs to use them.

    It is a folder, and a zip file of it, with the files, labels, sample inputs and the outputs to
    expect, code for Android, iOS and Python, a card that says where everything comes from, and a
    README that begins with the zip file. All options of an export hold.
    """
    model: str = options["model"]
    own = {name: options[name] for name in ("pictures", "store", "sign", "out")}
    asked = {name: value for name, value in options.items() if name not in own}
    asked["out"] = own["out"]
    if own["sign"] is not None:
        words.check_file(own["sign"], "--sign")
    if own["store"] is not None and own["store"].path is not None:
        words.check_file(own["store"].path, "--store")
    only: Collection[str] | None = None
    if Path(model).is_dir():
        _refuse_options(asked)
        folder = Path(model)
    else:
        labelled = asked["eval_"] if asked["max_drop"] is not None else None
        result, failure = exported(request_of(**{**asked, "eval_": labelled}))
        if failure is not None:
            raise failure
        folder = result.files[-1].parent
        only = {file.name for file in result.files}
    from _edgeship.export.bundle.making import Wishes

    wishes = Wishes(
        pictures=own["pictures"],
        calib=asked["calib"],
        labelled=asked["eval_"],
        key=own["sign"],
    )
    _show(_made(folder, wishes, only, own["store"], own["out"]))


bundle.__signature__ = _signature()  # type: ignore[attr-defined]


def _refuse_options(asked: dict[str, Any]) -> None:
    """Refuse options of an export for files that were exported before.

    Raises:
        InputError: There is one.
    """
    free = ("model", "eval_", "out", "calib")
    for name, parameter in inspect.signature(convert, eval_str=True).parameters.items():
        if name not in free and asked[name] != parameter.default:
            given = parameter.annotation.__metadata__[0].default
            option = given if isinstance(given, str) else f"--{name}"
            raise InputError(
                f"{option.replace('_', '-')} goes with a network, not with a folder.",
                why="the files in it were exported before",
                todo="name the network, or leave the option out",
            )


def _made(
    folder: Path,
    wishes: Wishes,
    only: Collection[str] | None,
    store: Place | None,
    out: Path | None,
) -> Made:
    """Make the bundle while its stages are shown."""
    from dataclasses import replace

    from _edgeship.export.bundle.making import make, recorded
    from _edgeship.export.commands.latencies import latencies

    digests = [artifact.sha256 for artifact in recorded(folder, only).artifacts]
    wishes = replace(wishes, latencies=latencies(digests, store))
    if current().quiet:
        return make(folder, wishes, only, out, lambda stage: interrupt.check())
    with progress(console()) as shown:
        return make(folder, wishes, only, out, shown.begin)


def _show(made: Made) -> None:
    output = console()
    if current().quiet:
        for path in (made.folder, made.archive):
            output.print(printable(str(path)), soft_wrap=True)
        return
    output.print()
    output.print(_contents(made))
    output.print()
    for warning in made.facts.warnings:
        output.print(printable(f"WARNING: {warning}"), style="bold yellow", soft_wrap=True)
    archive = shlex.quote(str(made.archive))
    page = shlex.quote(str(made.folder / "card.html"))
    steps = (
        "\nnext:",
        f"  python -m export verify {archive}",
        f"  read {page} in a browser",
        f"  send {archive} to the app team: its README.md begins with the zip file",
    )
    output.print(printable("\n".join(steps)), soft_wrap=True)


def _contents(made: Made) -> Table:
    """Return what is in the bundle, folder by folder."""
    shown = table("in the bundle", "files", "size", numbers=("files", "size"))
    groups: dict[str, list[int]] = {}
    for path, length in made.files.items():
        top, slash, _ = path.partition("/")
        groups.setdefault(top + slash, []).append(length)
    for name, lengths in groups.items():
        add_row(shown, name, str(len(lengths)), size(sum(lengths)))
    add_row(shown, "", "", "")
    total = list(made.files.values())
    add_row(shown, str(made.folder), str(len(total)), size(sum(total)))
    add_row(shown, str(made.archive), "1", size(made.archive.stat().st_size))
    return shown
