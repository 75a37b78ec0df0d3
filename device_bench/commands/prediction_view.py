"""The tables and the JSON of `fit` and `predict`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _edgeship.device_bench.prediction.held_out import LEAST_FAMILIES, HeldOut, median_error
from _edgeship.device_bench.prediction.model import Setup, place
from _edgeship.device_bench.prediction.predicting import covered
from _edgeship.device_bench.results.units import INSTRUCTIONS, NOT_TIME, amount, heading, span
from _edgeship.models.figures import in_units
from _edgeship.terminal.console import console, printable
from _edgeship.terminal.fitting import show_fitted

if TYPE_CHECKING:
    from _edgeship.device_bench.prediction.model import LatencyModel
    from _edgeship.device_bench.prediction.predicting import Prediction
    from _edgeship.device_bench.prediction.roof import Roof

#: Operators that `predict --ops` shows of a file.
_SHOWN = 12

# Whether a kind was measured, and so large an operator of it -> what is said of that.
_MARKS = {
    (True, True): "",
    (True, False): " (larger)",
    (False, True): " (unseen)",
    (False, False): " (unseen)",
}


def fitted_dict(model: LatencyModel, path: Path) -> dict[str, Any]:
    """Return a fit for JSON; times are in the unit of the device."""
    return {
        "model": str(path),
        "device": model.device.selector,
        "unit": model.device.unit,
        "runtime": model.runtime,
        "setup": model.setup.model_dump(mode="json"),
        "files": len(model.files),
        "layers": model.layers,
        "errors": [
            {
                "dtype": dtype,
                "held_out": len(found),
                "families": len({one.family for one in found}),
                "median": median_error(found),
                "worst": max(abs(one.error) for one in found),
            }
            for dtype, found in _by_dtype(model.held_out).items()
        ],
        "held_out": [
            {**one.model_dump(mode="json", exclude={"layers"}), "error": one.error}
            for one in model.held_out
        ],
        "roofs": [one.model_dump(mode="json") for one in model.rules.roofs],
    }


def show_fit(model: LatencyModel, path: Path) -> None:
    """Print what was learned, and how wrong it is about families that it has not seen."""
    unit = model.device.unit
    show_fitted(
        ("operator", "type", *_rates(unit)),
        [_roof_cells(one, unit) for one in model.rules.roofs],
        names=2,
        numbers=_rates(unit),
    )
    output = console()
    output.print()
    if model.held_out:
        _show_held_out(model)
    for line in _fit_lines(model):
        output.print(printable(line), soft_wrap=True)
    output.print(printable(f"Saved in {path}. Next:"), soft_wrap=True)
    output.print(printable(f"  {_next(model, path)}"), soft_wrap=True)


def _next(model: LatencyModel, path: Path) -> str:
    """Return the command that predicts with a model."""
    threads = model.setup.threads
    words = ["predict", "FILE.tflite", "--device", model.device.selector]
    words += [] if threads == 1 else ["--threads", str(threads)]
    plain = place(model.device.selector, Setup(threads=threads))
    words += [] if path == plain else ["--model", str(path)]
    return f"python -m device_bench {shlex.join(words)}"


def _rates(unit: str) -> tuple[str, ...]:
    per = "instr." if unit == INSTRUCTIONS else "ns"
    return "seen", "overhead", f"mult-adds/{per}", f"bytes/{per}"


def _roof_cells(one: Roof, unit: str) -> tuple[str, ...]:
    return (
        one.kind,
        one.dtype,
        str(one.samples),
        amount(one.overhead, unit) if one.overhead >= 1 else "-",
        f"{1 / one.per_mult_add:.2f}" if one.per_mult_add else "-",
        _moved(one),
    )


def _moved(one: Roof) -> str:
    """Return the rate at which operators move bytes, or places where they go by these alone."""
    if one.per_row and not one.per_byte:
        return f"{1 / one.per_row:.3g} places"
    return f"{1 / one.per_byte:.2f}" if one.per_byte else "-"


def _show_held_out(model: LatencyModel) -> None:
    unit = model.device.unit
    show_fitted(
        ("held out", "type", "predicted", "measured", "error"),
        [
            (
                one.name,
                one.dtype,
                amount(one.predicted, unit),
                amount(one.measured, unit),
                f"{one.error:+.1%}",
            )
            for one in sorted(model.held_out, key=lambda one: (one.dtype, one.family, one.name))
        ],
        names=2,
        numbers=("predicted", "measured", "error"),
    )
    console().print()


def _fit_lines(model: LatencyModel) -> Iterator[str]:
    device = model.device
    yield (
        f"{device.selector} ({device.model}), {model.runtime}, {model.setup.runner} on the "
        f"{model.setup.accelerator}, {model.setup.threads} thread(s): {model.layers} layers of "
        f"{len(model.files)} files"
    )
    for dtype, found in _by_dtype(model.held_out).items():
        worst = max(found, key=lambda one: abs(one.error))
        families = len({one.family for one in found})
        yield (
            f"{dtype}: held-out families are predicted with a median error of "
            f"{median_error(found):.1%}, at worst {abs(worst.error):.1%} ({worst.name}); "
            f"{len(found)} files of {families} families"
        )
    if not model.held_out:
        yield (
            f"Nothing was held out: that takes {LEAST_FAMILIES} families of networks. The error of "
            "predictions is not known."
        )
    if device.unit == INSTRUCTIONS:
        yield NOT_TIME


def _by_dtype(held_out: Sequence[HeldOut]) -> dict[str, list[HeldOut]]:
    found: dict[str, list[HeldOut]] = {}
    for one in sorted(held_out, key=lambda one: one.dtype):
        found.setdefault(one.dtype, []).append(one)
    return found


def predicted_dict(model: LatencyModel, found: Sequence[Prediction]) -> dict[str, Any]:
    """Return predictions for JSON; times are in the unit of the device."""
    return {
        "device": model.device.selector,
        "unit": model.device.unit,
        "runtime": model.runtime,
        "setup": model.setup.model_dump(mode="json"),
        "fitted": model.fitted,
        "files": [
            {
                "name": one.name,
                "dtype": one.dtype,
                "mult_adds": one.mult_adds,
                "predicted": one.time,
                "low": one.low if one.held_out else None,
                "high": one.high if one.held_out else None,
                "coverage": covered(one.held_out),
                "held_out": one.held_out,
                "notes": list(one.notes),
                "operators": [
                    {
                        "name": step.work.name,
                        "kind": step.work.kind,
                        "time": step.time,
                        "measured_kind": step.known,
                        "within_measured_sizes": step.within,
                    }
                    for step in one.steps
                ],
            }
            for one in found
        ],
    }


def show_predictions(model: LatencyModel, found: Sequence[Prediction], *, ops: bool) -> None:
    """Print the prediction of each file, and what it rests on."""
    unit = model.device.unit
    numbers = ("mult-adds", heading("predicted", unit))
    show_fitted(
        ("file", *numbers, "interval"),
        [
            (
                one.name,
                in_units(one.mult_adds),
                amount(one.time, unit),
                span(one.low, one.high, unit) if one.held_out else "unknown",
            )
            for one in found
        ],
        numbers=numbers,
    )
    output = console()
    for one in found:
        for note in one.notes:
            output.print(printable(f"{one.name}: {note}"), soft_wrap=True)
        if ops:
            output.print()
            _show_steps(one, unit)
    output.print()
    for line in _ground(model, found):
        output.print(printable(line), soft_wrap=True)


def _show_steps(one: Prediction, unit: str) -> None:
    slowest = sorted(one.steps, key=lambda step: -step.time)[:_SHOWN]
    rows = [
        (
            step.work.name,
            step.work.kind + _MARKS[step.known, step.within],
            in_units(step.work.mult_adds) if step.work.mult_adds else "",
            amount(step.time, unit),
            f"{step.time / one.time:.1%}" if one.time else "-",
        )
        for step in slowest
    ]
    console().print(printable(f"slowest of {one.name}:"), soft_wrap=True)
    numbers = ("mult-adds", "predicted", "share")
    show_fitted(("operator", "kind", *numbers), rows, numbers=numbers)


def _ground(model: LatencyModel, found: Sequence[Prediction]) -> Iterator[str]:
    device = model.device
    yield (
        f"for {device.selector} ({device.model}), {model.runtime}, {model.setup.threads} "
        f"thread(s), fitted {model.fitted[:10]} to {model.layers} layers of "
        f"{len(model.files)} files"
    )
    for dtype in dict.fromkeys(one.dtype for one in found):
        held_out = _by_dtype(model.held_out).get(dtype, [])
        if held_out:
            yield (
                f"The interval holds for {covered(len(held_out)):.0%} of {dtype} networks like the "
                f"{len(held_out)} that were held out by families; their median error was "
                f"{median_error(held_out):.1%}."
            )
    if any(one.notes for one in found):
        yield "What is extrapolated is outside of what the interval was checked on."
    if device.unit == INSTRUCTIONS:
        yield NOT_TIME
