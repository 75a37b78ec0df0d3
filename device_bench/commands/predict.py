"""`predict`: how long files will take on a device, without the device."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from _edgeship.device_bench.commands import options
from _edgeship.terminal.console import print_json
from _edgeship.terminal.words import check_file


def predict(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE.tflite...", help="What is to run on the device.")
    ],
    device: options.DeviceOption,
    threads: options.ThreadsOption = 1,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json", help="The model that `fit` wrote. Default: that of the device."
        ),
    ] = None,
    ops: Annotated[
        bool, typer.Option("--ops", help="Also print the operators that will take longest.")
    ] = False,
    as_json: options.JsonOption = False,
) -> None:
    """Predict how long FILE.tflite takes on a device, from the model that `fit` has of it.

    The device is not needed. The interval is from networks of other families, which were predicted
    the same way and measured; what is extrapolated is said.
    """
    from _edgeship.device_bench.commands.prediction_view import predicted_dict, show_predictions
    from _edgeship.device_bench.prediction.known import known_model
    from _edgeship.device_bench.prediction.predicting import predict as look
    from _edgeship.export.advice.from_tflite import read_tflite_steps
    from _edgeship.files import read_bytes

    for file in files:
        check_file(file, "FILE")
    fitted = known_model(device, threads, model)
    found = [look(fitted, read_tflite_steps(read_bytes(file), file.name)) for file in files]
    if as_json:
        print_json(predicted_dict(fitted, found))
    else:
        show_predictions(fitted, found, ops=ops)
