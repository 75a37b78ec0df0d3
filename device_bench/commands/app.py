"""`app`: the Android app that measures and shows networks; how it is built."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from _edgeship.terminal.command_group import HELP
from _edgeship.terminal.console import add_row, console, print_json, printable, size, table

if TYPE_CHECKING:
    from _edgeship.device_bench.app.build import BuiltApp

OUT = Path("build/edgeship-bench.apk")

_NO_LITERT = (
    "There is no LiteRT in it, so it can measure nothing: the libraries for Android are only on "
    "Google Maven. Take the .aar of com.google.ai.edge.litert:litert {version} (and that of "
    "litert-gpu for the GPU), and build again:"
)

app_commands = typer.Typer(context_settings=HELP, rich_markup_mode="markdown")


@app_commands.callback(invoke_without_command=True)
def _about(context: typer.Context) -> None:
    """Build the Android app that measures as apps do, and shows networks at work."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app_commands.command()
def build(
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where to write the APK.")
    ] = OUT,
    litert: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="AAR|ZIP|SO",
            help="LiteRT's libraries for Android, to pack into the app: the .aar of "
            "com.google.ai.edge.litert:litert (and of litert-gpu) from Google Maven, a zip archive "
            "with them, or libLiteRt.so. May be given several times.",
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The key store to sign with (PKCS #12 or JKS, with one key); its password is in "
            "the variable EDGESHIP_KEY_PASSWORD. By default a key of our own, made once.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Build, sign and verify the Android app, without Google's SDK.

    It needs packages of Debian or Ubuntu, which it names, and fetches its other tools once. What
    has been built before is checked and kept. `run FILE --runner app` installs it.
    """
    from _edgeship.device_bench.app.build import build_app
    from _edgeship.device_bench.app.placing import place

    start = time.monotonic()
    with _steps() as tell:
        built = build_app(tuple(litert or ()), key, tell)
        place(built, out)
    seconds = time.monotonic() - start
    if as_json:
        told = built.model_dump(mode="json", exclude={"path"})
        print_json({"out": str(out), "seconds": round(seconds, 3), **told})
    else:
        _show(built, out, seconds)


@contextmanager
def _steps() -> Iterator[Callable[[str], None]]:
    """Show the current step on stderr, if that is a terminal."""
    import sys

    from rich.console import Console

    from _edgeship.terminal.invocation import current

    if not sys.stderr.isatty() or current().quiet:
        yield lambda step: None
        return
    with Console(stderr=True).status("building the app") as status:
        yield lambda step: status.update(f"building the app: {step}")


def _show(built: BuiltApp, out: Path, seconds: float) -> None:
    output = console()
    how = "built" if built.fresh else "built before, taken from the cache"
    output.print(printable(f"{out}: {size(built.size)}, {how}, {seconds:.1f} s"))
    output.print(f"SHA-256 {built.sha256}")
    output.print(
        f"version {built.version_name} ({built.version_code}), for Android API {built.min_sdk} "
        "and newer"
    )
    output.print(printable(f"signed (v2, v3) by {built.signer} with {built.key}"))
    shown = table("library", "size", numbers=("size",))
    for name, count in built.libraries.items():
        add_row(shown, name, size(count))
    output.print(shown)
    for note in built.notes:
        output.print(printable(f"note: {note}"))
    _next(built, out)


def _next(built: BuiltApp, out: Path) -> None:
    from _edgeship.device_bench.app.project import versions

    output = console()
    if not built.has_litert:
        output.print(f"note: {_NO_LITERT.format(version=versions().litert)}")
        words = ["build", "--litert", f"litert-{versions().litert}.aar"]
        if out != OUT:
            words += ["--out", str(out)]
        output.print(printable(f"  python -m device_bench app {shlex.join(words)}"))
        return
    output.print("next:\n  python -m device_bench run FILE.tflite --device adb --runner app")
