"""What `advise` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from _edgeship.export.commands.advise_findings import (
    Saved,
    about_saved,
    findings_table,
    grouped,
)
from _edgeship.models.commands.tables import ratio, shape
from _edgeship.models.figures import in_units
from _edgeship.terminal.console import add_row, console, printable, table

if TYPE_CHECKING:
    from rich.table import Table

    from _edgeship.device_bench.prediction.saving import Saving
    from _edgeship.device_bench.studies.layer_times import Measured
    from _edgeship.export.advice.advice import Advice, LayerAdvice

#: Findings and layers shown without --layers.
_SHOWN = 12


def as_dict(
    advice: Advice, measured: Measured | None, note: str, saved: Saved | None
) -> dict[str, Any]:
    """Return everything for JSON; each time stands beside its unit."""
    times = measured.layers if measured is not None else ()
    return {
        "model": advice.network.name,
        "mult_adds": advice.network.mult_adds,
        "memory_access": advice.network.memory_access,
        "balance": advice.balance,
        "memory_bound": advice.memory_bound,
        "shares": advice.shares,
        "fused_clamps": advice.fused_clamps,
        "layers": [
            {**_layer_dict(layer), "time": times[index] if times else None}
            for index, layer in enumerate(advice.layers)
        ],
        "blocks": [
            {"name": block.name, "fragments": block.fragments, "branches": block.branches}
            for block in advice.blocks
        ],
        "findings": [
            {
                "guideline": finding.guideline,
                "layer": finding.layer,
                "what": finding.what,
                "mend": finding.mend,
                "avoidable": finding.avoidable,
                "time_saved": None if time is None else asdict(time),
            }
            for finding, time in zip(advice.findings, _times(advice, saved), strict=True)
        ],
        "measured": None
        if measured is None
        else {
            "device": measured.device,
            "unit": measured.unit,
            "total": measured.total,
            "others": measured.others,
        },
        "note": note,
    }


def _layer_dict(layer: LayerAdvice) -> dict[str, Any]:
    step, there = layer.step, layer.step.convolution
    return {
        "name": step.name,
        "op": step.op,
        "in_channels": there.in_channels if there else None,
        "out_channels": there.out_channels if there else None,
        "groups": there.groups if there else None,
        "kernel": list(there.kernel) if there else None,
        "mult_adds": step.mult_adds,
        "memory_access": step.memory_access,
        "bound": layer.bound,
        "intensity": layer.intensity,
        "attainable": layer.attainable,
        "modelled_share": layer.modelled,
        "guidelines": list(layer.guidelines),
    }


def _times(advice: Advice, saved: Saved | None) -> Sequence[Saving | None]:
    return saved.times if saved is not None and saved.times else [None] * len(advice.findings)


def show(
    advice: Advice,
    measured: Measured | None,
    note: str,
    saved: Saved | None,
    *,
    everything: bool,
) -> None:
    """Print the whole network, its layers and the findings."""
    output = console()
    for line in _summary(advice):
        output.print(printable(line), soft_wrap=True)
    if note:
        output.print(printable(f"note: {note}"), soft_wrap=True)
    output.print()
    output.print(_layers(advice, measured, everything))
    output.print()
    if measured is not None:
        for line in _measured_lines(measured):
            output.print(printable(line), soft_wrap=True)
        output.print()
    if not advice.findings:
        output.print("No layer breaks a guideline.")
        return
    rows = grouped(advice.findings, _times(advice, saved))
    unit = measured.unit if measured is not None and saved is not None and saved.times else ""
    shown = rows if everything else rows[:_SHOWN]
    output.print(findings_table(shown, advice.network.memory_access, unit))
    if len(rows) > _SHOWN and not everything:
        output.print(f"and {len(rows) - _SHOWN} more: --layers prints all")
    if saved is not None and measured is not None:
        output.print(printable(about_saved(saved, measured.device)), soft_wrap=True)


def _summary(advice: Advice) -> list[str]:
    network = advice.network
    shares = ", ".join(f"{name} {share:.0%}" for name, share in advice.shares.items() if share)
    wide = max(advice.blocks, key=lambda block: block.branches, default=None)
    lines = [
        f"{network.name}: {in_units(network.mult_adds)} mult-adds, "
        f"{in_units(network.memory_access)} values of memory access (MAC)",
        f"MAC: {shares}; {advice.fused_clamps} ReLUs cost none, being computed by the step before",
        f"roofline: {advice.memory_bound:.0%} of the modelled time waits for memory, at a balance "
        f"of {advice.balance:g} mult-adds per byte (float32)",
    ]
    if wide is not None and wide.branches > 1:
        lines.append(
            f"fragments: up to {wide.branches} side by side, {wide.fragments} in all, "
            f"in {wide.name}"
        )
    else:
        lines.append("fragments: nothing lies side by side")
    return lines


def _layers(advice: Advice, measured: Measured | None, everything: bool) -> Table:
    """Return all layers in order, or the slowest ones, slowest first."""
    times = measured.layers if measured is not None else ()
    indices = list(range(len(advice.layers)))
    if not everything:
        weights = times or [layer.modelled for layer in advice.layers]
        indices = sorted(indices, key=lambda index: -weights[index])[:_SHOWN]
    numbers = ("groups", "mult-adds", "MAC", "MAC / bound", "per byte", "of peak", "of time")
    heads = _time_heads(measured) if measured is not None and times else ()
    first = "layer" if everything else f"layer, {len(indices)} of {len(advice.layers)}"
    made = table(
        first, "channels", "kernel", *numbers, *heads, "breaks", numbers=(*numbers, *heads)
    )
    for index in indices:
        layer = advice.layers[index]
        cells = _layer_cells(layer)
        if measured is not None and times:
            cells += _time_cells(layer, times[index], measured)
        add_row(made, *cells, ", ".join(layer.guidelines))
    return made


def _layer_cells(layer: LayerAdvice) -> tuple[str, ...]:
    step, there = layer.step, layer.step.convolution
    bounded = None if layer.bound is None else step.memory_access / layer.bound
    return (
        step.name,
        f"{there.in_channels} -> {there.out_channels}" if there else "",
        shape(there.kernel) if there else "",
        ("depthwise" if there.depthwise else str(there.groups)) if there else "",
        in_units(step.mult_adds),
        in_units(step.memory_access),
        ratio(bounded),
        ratio(layer.intensity),
        f"{layer.attainable:.0%}",
        f"{layer.modelled:.1%}",
    )


def _time_heads(measured: Measured) -> tuple[str, ...]:
    from _edgeship.device_bench.results.units import INSTRUCTIONS, heading

    single = "instruction" if measured.unit == INSTRUCTIONS else measured.unit
    return heading("measured", measured.unit), "share", f"mult-adds per {single}"


def _time_cells(layer: LayerAdvice, time: int, measured: Measured) -> tuple[str, ...]:
    from _edgeship.device_bench.results.units import amount

    # As everywhere: shares are of all operators together, and not of what profiling costs.
    together = sum(measured.layers) + measured.others
    return (
        amount(time, measured.unit),
        f"{time / together:.1%}" if together else "-",
        f"{layer.step.mult_adds / time:.2f}" if time else "-",
    )


def _measured_lines(measured: Measured) -> list[str]:
    from _edgeship.device_bench.results.units import amount

    unit = "" if measured.unit == "ns" else f" {measured.unit}"
    total, others = (amount(time, measured.unit) for time in (measured.total, measured.others))
    lines = [f"measured on {measured.device}, while profiling: {total}{unit} a run"]
    if measured.layers and measured.others:
        lines.append(f"all that are no layers took {others}{unit} of it")
    if not measured.layers:
        lines.append("its profile has other layers than the file, so they cannot be told apart")
    return lines
