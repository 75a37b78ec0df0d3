"""What `sensitivity` prints and draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from _edgeship.errors import InputError
from _edgeship.export.sensitivity.results import LayerError, Sensitivity
from _edgeship.terminal.console import add_row, console, printable, table

#: What an error of zero is drawn as, in dB.
_MOST_DB = 120.0

#: Of a picture, in inches: at 160 dots each, matplotlib draws 409 at most.
_WIDEST = 400.0


def show(found: Sensitivity, notes: Sequence[str], rows: int) -> None:
    """Print the layers that lose most as a table.

    Args:
        found: What was measured.
        notes: Remarks of the stages before.
        rows: The most rows.
    """
    output = console()
    output.print(
        printable(
            f"all {len(found.layers)} layers in 8 bits: {_db(found.all_db)} (SQNR of the worst "
            f"part of the outputs, on {found.samples} calibration samples, {found.way})"
        ),
        soft_wrap=True,
    )
    for note in notes:
        output.print(printable(f"note: {note}"), soft_wrap=True)
    output.print()
    numbers = ("it alone", "all but it")
    shown = table("layer", "ONNX", "operator", *numbers, "loses", numbers=numbers)
    for one in found.layers[:rows]:
        figures = _db(one.alone_db), _db(one.without_db)
        add_row(shown, one.layer.name, one.layer.kind, one.operator, *figures, _fault(one))
    output.print(shown)
    if len(found.layers) > rows:
        output.print(printable(f"{len(found.layers) - rows} more: --top {len(found.layers)}"))
    output.print()
    names = ",".join(found.layers[0].repair)
    output.print(printable(f"leave the first in float: --keep-float {names}"), soft_wrap=True)


def draw(found: Sensitivity, path: Path) -> None:
    """Write a picture of the error of each layer, the first one of the network on the left.

    Args:
        found: What was measured.
        path: Of the picture; its ending says the format.

    Raises:
        InputError: It cannot be written.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    ordered = sorted(found.layers, key=lambda one: one.place)
    places = range(len(ordered))
    figure, axes = pyplot.subplots(figsize=(min(max(6.0, 0.16 * len(ordered) + 2), _WIDEST), 5.5))
    worst = {id(one) for one in found.layers[:5]}
    axes.bar(
        places,
        [_height(one.alone_db) for one in ordered],
        color=["#c0392b" if id(one) in worst else "#7f8c8d" for one in ordered],
        label="this layer alone (the five worst in red)",
    )
    axes.plot(
        places,
        [_height(one.without_db) for one in ordered],
        "k.",
        markersize=4,
        label="all layers but this one",
    )
    axes.axhline(_height(found.all_db), color="black", linewidth=0.8, label="all layers")
    names = [printable(one.layer.name) for one in ordered]
    axes.set_xticks(places, names, rotation=90, fontsize=5, parse_math=False)
    axes.set_ylabel("noise at the outputs, dB below the signal (0 is on top)")
    axes.invert_yaxis()
    axes.set_xlim(-1, len(ordered))
    axes.legend(fontsize=7)
    figure.tight_layout()
    try:
        figure.savefig(path, dpi=160)
    except OSError as error:
        raise InputError(f"{path} cannot be written.", why=str(error)) from error
    finally:
        pyplot.close(figure)


def _height(db: float) -> float:
    return min(max(db, -_MOST_DB), _MOST_DB)


def _db(value: float) -> str:
    return "exact" if math.isinf(value) and value > 0 else f"{value:.1f} dB"


def _fault(one: LayerError) -> str:
    return {"weights": "in its weights", "result": "in its result"}.get(one.at_fault, "")
