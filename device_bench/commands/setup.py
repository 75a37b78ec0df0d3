"""`setup`: build once what runs on devices, and list it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from _edgeship.terminal.console import add_row, console, print_json, printable, size, table

if TYPE_CHECKING:
    from _edgeship.device_bench.building.once import Built


def setup(
    abi: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ABI",
            help="arm64-v8a (phones, boards and the virtual device) or x86_64; may be given "
            "several times. By default arm64-v8a and this computer's.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Build the native runner with its libraries, so that the first measurement need not do it.

    What has been built before is checked and kept.
    """
    from _edgeship.device_bench.building.bundle import ABIS, bundle
    from _edgeship.device_bench.building.litert_library import host_abi
    from _edgeship.errors import InputError

    wanted = list(dict.fromkeys(abi or filter(None, ("arm64-v8a", host_abi()))))
    for name in wanted:
        if name not in ABIS:
            raise InputError(
                f"There is no native runner for the ABI '{name}'.",
                todo=f"Choose from {', '.join(ABIS)}.",
            )
    made: dict[str, tuple[Built, float]] = {}
    for name in wanted:
        start = time.monotonic()
        made[name] = bundle(name), time.monotonic() - start
    if as_json:
        print_json({"bundles": [_as_dict(name, *entry) for name, entry in made.items()]})
    else:
        for name, (built, seconds) in made.items():
            _show(name, built, seconds)
        console().print("next:\n  python -m device_bench devices")


def _as_dict(abi: str, built: Built, seconds: float) -> dict[str, Any]:
    return {
        "abi": abi,
        "seconds": round(seconds, 3),
        "folder": str(built.folder),
        "notes": list(built.notes),
        "files": {name: file.model_dump() for name, file in built.files.items()},
    }


def _show(abi: str, built: Built, seconds: float) -> None:
    output = console()
    total = sum(file.size for file in built.files.values())
    output.print(printable(f"{abi}: {size(total)} in {built.folder}, {seconds:.2f} s"))
    for note in built.notes:
        output.print(printable(f"note: {note}"))
    shown = table("file", "size", "SHA-256", numbers=("size",))
    for name, file in built.files.items():
        add_row(shown, name, size(file.size), file.sha256)
    output.print(shown)
    output.print()
