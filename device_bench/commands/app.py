"""`app`: the Android app that measures and shows networks; built, and brought to phones."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from _edgeship.device_bench.commands import options
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

PhonesOption = Annotated[
    list[str],
    typer.Option(
        "--device",
        metavar="DEVICE",
        autocompletion=options.devices,
        help="adb or adb:SERIAL; may be given several times. `device_bench devices` lists them.",
    ),
]

app_commands = typer.Typer(context_settings=HELP, rich_markup_mode="markdown")


@app_commands.callback(invoke_without_command=True)
def _about(context: typer.Context) -> None:
    """Build the Android app that measures as apps do and shows networks at work, and install it."""
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


@app_commands.command()
def install(
    device: PhonesOption,
    apk: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=f"The app. By default {OUT}, which is built if it is missing or outdated.",
        ),
    ] = None,
) -> None:
    """Install the app on phones, or update it where another one is installed.

    `run --runner app` does this by itself. On the phone, the app also shows networks at work.
    """
    from _edgeship.device_bench.app.placing import default_apk
    from _edgeship.device_bench.devices.find import find_all
    from _edgeship.device_bench.devices.workspace import Workspace
    from _edgeship.device_bench.runners.app_on_phone import installed_digest
    from _edgeship.device_bench.runners.app_package import check_phone, read_package, update

    with _steps() as tell:
        package = read_package(apk or default_apk(tell))
    output = console()
    for phone in find_all(device):
        check_phone(phone)
        if installed_digest(phone) == package.sha256:
            output.print(printable(f"{phone.selector}: has this app already"))
            continue
        with Workspace(phone) as workspace:
            update(workspace, package)
        output.print(printable(f"{phone.selector}: installed {package.path}"))
    if not package.libraries:
        _say_no_litert(apk or OUT)


@app_commands.command()
def uninstall(device: PhonesOption) -> None:
    """Uninstall the app from phones, with the results that it keeps there."""
    from _edgeship.device_bench.devices.find import find_all
    from _edgeship.device_bench.runners import app_on_phone
    from _edgeship.device_bench.runners.app_package import check_phone

    for phone in find_all(device):
        check_phone(phone)
        there = app_on_phone.installed_digest(phone) != ""
        if there:
            app_on_phone.uninstall(phone)
        done = "uninstalled the app" if there else "does not have the app"
        console().print(printable(f"{phone.selector}: {done}"))


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
    if not built.has_litert:
        _say_no_litert(out)
        return
    named = "app" if out == OUT else f"app:{out}"
    words = ["run", "FILE.tflite", "--device", "adb", "--runner", named]
    console().print(
        printable(f"next:\n  python -m device_bench {shlex.join(words)}"), soft_wrap=True
    )


def _say_no_litert(out: Path) -> None:
    from _edgeship.device_bench.app.project import versions

    version = versions().litert
    words = ["app", "build", "--litert", f"litert-{version}.aar"]
    if out != OUT:
        words += ["--out", str(out)]
    console().print(f"note: {_NO_LITERT.format(version=version)}")
    console().print(printable(f"  python -m device_bench {shlex.join(words)}"), soft_wrap=True)
