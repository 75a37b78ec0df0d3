"""`guidelines`: do the four guidelines of the ShuffleNet V2 paper hold on this device?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, cast

import typer

from _edgeship.device_bench.commands import options
from _edgeship.errors import InputError
from _edgeship.terminal.console import print_error, print_json

if TYPE_CHECKING:
    from _edgeship.device_bench.commands.measuring import Plan
    from _edgeship.device_bench.measurement.settings import MeasurementOptions
    from _edgeship.device_bench.store.place import Place
    from _edgeship.device_bench.studies.guidelines import Channels, Column, ColumnResult

#: Rounds on devices that measure time: the fewest that give an interval at 99.9 %.
ROUNDS = 11


@options.measuring(rounds=ROUNDS)
def guidelines(
    device: options.DeviceOption,
    channels: Annotated[
        str | None,
        typer.Option(
            metavar="arm|gpu",
            help="Which of the paper's sets of channels. Default: gpu with --accelerator gpu, "
            "else arm.",
        ),
    ] = None,
    quant: Annotated[
        str, typer.Option(metavar="SCHEMES", help="One or several, with commas: none,int8.")
    ] = "none,int8",
    scale: Annotated[
        str,
        typer.Option(
            metavar="1,2,4",
            help="Columns of the tables: factors on the channels. The first alone takes a tenth "
            "of the time.",
        ),
    ] = "1,2,4",
    side: Annotated[
        int | None,
        typer.Option(
            metavar="PIXELS",
            min=7,
            help="Height and width of the inputs, where the paper's 56 take too long: the "
            "ratios are then of other work than the paper's.",
        ),
    ] = None,
    only: Annotated[
        str, typer.Option(metavar="G1,G3", help="Guidelines to measure; all by default.")
    ] = "G1,G2,G3,G4",
    *,
    how: MeasurementOptions,
    store: options.StoreOption = options.STORE,
    as_json: options.JsonOption = False,
) -> None:
    """Measure Tables 1 to 4 of the ShuffleNet V2 paper and say which guidelines hold here.

    The rows in a column of a table have about equal mult-adds and are measured in turns. Their
    networks are exported once, with random weights. What a software driver of a GPU shows is called
    so: it is a program on the CPU.
    """
    from _edgeship.device_bench.commands.guidelines_view import as_dict, show
    from _edgeship.device_bench.commands.measuring import make_plans
    from _edgeship.device_bench.studies.guidelines import columns

    planned = columns(
        parse_guidelines(only),
        parse_channels(channels or ("gpu" if how.accelerator == "gpu" else "arm")),
        parse_scales(scale),
        options.parse_schemes(quant),
        side,
    )
    [plan] = make_plans([device], how)
    results: list[ColumnResult] = []
    try:
        for result in _measure(planned, plan, store):
            results.append(result)
    finally:
        # What was measured before an interrupt or an error is shown anyway.
        if results and as_json:
            print_json(as_dict(plan.device.selector, results, len(planned)))
        elif results:
            show(plan.device.selector, results, len(planned), store)


def parse_guidelines(text: str) -> tuple[str, ...]:
    """Return the guidelines of ``--only``, such as ``G1,G3``.

    Raises:
        InputError: One is unknown.
    """
    from _edgeship.device_bench.studies.guidelines import STATEMENTS

    words = [word.strip().upper() for word in text.split(",") if word.strip()]
    return tuple(dict.fromkeys(_known(words, list(STATEMENTS), "--only", text)))


def parse_channels(text: str) -> Channels:
    """Return the sets of channels of ``--channels``.

    Raises:
        InputError: It is neither arm nor gpu.
    """
    [word] = _known([text.strip().lower()], ["arm", "gpu"], "--channels", text)
    return cast("Channels", word)


def parse_scales(text: str) -> tuple[int, ...]:
    """Return the columns of ``--scale``, such as ``1,2,4``.

    Raises:
        InputError: One is not among the tables' columns.
    """
    from _edgeship.device_bench.studies.guidelines import SCALES

    words = [word.strip() for word in text.split(",") if word.strip()]
    known = _known(words, [str(scale) for scale in SCALES], "--scale", text)
    return tuple(dict.fromkeys(int(word) for word in known))


def _known(words: Sequence[str], known: Sequence[str], option: str, text: str) -> Sequence[str]:
    if not words or not set(words) <= set(known):
        raise InputError(f"{option} cannot be {text!r}.", todo=f"choose from {', '.join(known)}")
    return words


def _measure(planned: Sequence[Column], plan: Plan, store: Place) -> Iterator[ColumnResult]:
    """Yield each column as soon as it is measured; the store gets its rounds even earlier."""
    from _edgeship.device_bench.commands.measuring import measure_all
    from _edgeship.device_bench.studies.guidelines import evaluate
    from _edgeship.device_bench.studies.probe_files import probe_files

    schemes = tuple(dict.fromkeys(column.scheme for column in planned))
    for number, column in enumerate(planned, 1):
        files = [
            probe_files(model, schemes, print_error, column.side)[column.scheme]
            for model in column.models
        ]
        print_error(
            f"measuring {column.guideline}, {column.channels} channels x{column.scale}, "
            f"{column.scheme} ({number} of {len(planned)})"
        )
        result = measure_all(files, [plan], store)
        result.finish()
        yield evaluate(column, result.sessions[0])
