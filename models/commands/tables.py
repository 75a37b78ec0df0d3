"""What `python -m models list` and `info` print: tables of published and counted figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from _edgeship.models.catalog.spec import ModelSpec
from _edgeship.models.figures import as_printed, compare, in_units
from _edgeship.terminal.console import add_row, size, table

if TYPE_CHECKING:
    from _edgeship.models.complexity import Complexity, LayerCost

LIST_CAPTION = (
    "Figures as published for one input; - where there is none. GPU: batches of 8 per second on a\n"
    "GTX 1080 Ti. ARM: images per second on one thread of a Snapdragon 810."
)

_AXES = {
    3: "channels x height x width",
    4: "channels x frames x height x width",
}
_SPEEDS = {"gpu": ("GPU", "batches of 8/s"), "arm": ("ARM", "images/s")}


def list_table(entries: Iterable[ModelSpec]) -> Table:
    """Return a row of published figures per entry."""
    numbers = ("mult-adds", "params", "top-1 error", "GPU", "ARM")
    made = table("name", "input", *numbers, numbers=numbers)
    for entry in entries:
        add_row(
            made,
            f"{entry.name} = {entry.alias_of}" if entry.alias_of else entry.name,
            shape(entry.input_size),
            as_printed(entry.mult_adds, entry.mult_adds_digit),
            as_printed(entry.params, entry.params_digit),
            _percent(entry.top1_error),
            *(_number(entry.published_speed.get(platform)) for platform in _SPEEDS),
        )
    return made


def heading(entry: ModelSpec) -> str:
    """Return what an entry is and what it reads."""
    same = f", same as {entry.alias_of}" if entry.alias_of else ""
    axes = _AXES.get(len(entry.input_size))
    return (
        f"{entry.name}: {entry.paper}, {entry.year}{same}\n"
        f"input {shape(entry.input_size)}{f' ({axes})' if axes else ''}, centre crop {entry.crop}\n"
        f"mean {_per_channel(entry.mean)}, std {_per_channel(entry.std)}"
    )


def figures_table(entry: ModelSpec, counted: Complexity) -> Table:
    """Return the published figures of an entry beside the counted ones."""
    numbers = ("published", "counted", "difference")
    made = table("", *numbers, "", numbers=numbers)
    figures = compare(entry, counted)
    for key, label, published, digit, count in (
        ("mult_adds", "mult-adds", entry.mult_adds, entry.mult_adds_digit, counted.mult_adds),
        ("params", "params", entry.params, entry.params_digit, counted.params),
    ):
        figure = figures.get(key)
        difference = f"{figure.difference:+.2f} %" if figure else "-"
        agreement = figure.agreement or "see the note" if figure else ""
        add_row(made, label, as_printed(published, digit), in_units(count), difference, agreement)
    add_row(made, "activations", "-", size(counted.activation_bytes), "-", "float32")
    add_row(made, "memory access", "-", in_units(counted.memory_access), "-", "values")
    add_row(made, "intensity", "-", ratio(counted.intensity), "-", "mult-adds per byte accessed")
    add_row(made, "top-1 error", _percent(entry.top1_error), "-", "-", "")
    for platform, value in entry.published_speed.items():
        label, unit = _SPEEDS.get(platform, (platform, ""))
        add_row(made, label, _number(value), "-", "-", unit)
    return made


def layers_table(layers: Sequence[LayerCost]) -> Table:
    """Return a row per layer; shapes are without the batch."""
    numbers = ("groups", "params", "mult-adds", "MAC", "MAC / bound", "intensity")
    made = table("layer", "kind", "output", *numbers, numbers=numbers)
    for layer in layers:
        add_row(
            made,
            layer.name or "(network)",
            layer.kind,
            shape(layer.output_shape[1:]) or "-",
            str(layer.groups),
            in_units(layer.params),
            in_units(layer.mult_adds),
            in_units(layer.memory_access),
            ratio(layer.access_ratio, 3),
            ratio(layer.intensity),
        )
    return made


def shape(axes: Sequence[int]) -> str:
    """Return the sizes of a shape as 3x224x224."""
    return "x".join(map(str, axes))


def ratio(value: float | None, digits: int = 2) -> str:
    """Return a ratio, or "-" where it has no meaning."""
    return "-" if value is None else f"{value:.{digits}f}"


def _per_channel(values: Sequence[float]) -> str:
    """Return a value per channel, shortened where many are equal."""
    if len(values) > 4 and len(set(values)) == 1:
        return f"{values[0]:g} in each of {len(values)} channels"
    return f"({', '.join(f'{value:g}' for value in values)})"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
