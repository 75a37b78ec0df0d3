"""From the options of an export to what is asked for, checked before anything slow begins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from _edgeship.export.commands import coreml_options, options
from _edgeship.export.contract.about import About
from _edgeship.export.contract.labels import only_labels
from _edgeship.export.graph.shapes import Shape
from _edgeship.terminal import words
from _edgeship.terminal.numbers import parse_numbers

if TYPE_CHECKING:
    from _edgeship.export.contract.request import Request


def request_of(
    *,
    model: str,
    to: str,
    quant: str,
    input_: list[str] | None,
    inputs: str | None,
    outputs: str | None,
    detection: str | None,
    weights: str | None,
    num_classes: int | None,
    calib: str | None,
    calib_samples: int | None,
    ranges: str,
    keep_float: str | None,
    min_sqnr: float | None,
    max_drop: float | None,
    eval_: Path | None,
    mean: str | None,
    std: str | None,
    color: str,
    input_layout: str | None,
    io_layout: str,
    io_dtype: str,
    made_for: str | None,
    require_delegate: str | None,
    ios: int | None,
    batch: str | None,
    io: str,
    input_names: str | None,
    output_names: str | None,
    labels: list[str] | None,
    author: str,
    license_: str,
    model_version: str,
    description: str,
    out: Path | None,
) -> Request:
    """Return the options of `convert`, by the names of its parameters, as a request.

    Raises:
        InputError: An option is wrong; this is found before anything slow begins.
    """
    targets = options.parse_targets(to)
    schemes = options.parse_schemes(quant, targets)
    takes = coreml_options.parse_io(io)
    classes = options.parse_labels(labels or [])
    ports = [options.parse_input(text) for text in input_ or []]
    extents = tuple(shape for shape, _ in ports)
    dtypes = tuple(dtype for _, dtype in ports)
    means = None if mean is None else parse_numbers(mean, "--mean")
    stds = None if std is None else parse_numbers(std, "--std")
    options.check_normalization(means, stds, _channels(model, extents))
    pictures = None
    if input_layout is not None:
        pictures = options.parse_layout(input_layout, "--input-layout")
    layout = options.parse_layout(io_layout, "--io-layout")
    delegates = () if require_delegate is None else options.parse_delegates(require_delegate)
    from _edgeship.models.weights.pretrained import NAMED_WEIGHTS

    if weights is not None and weights not in NAMED_WEIGHTS:
        words.check_file(weights, "--weights")
    if out is not None:
        words.check_out(out)
    if calib is not None:
        options.check_calibration(calib)
    from _edgeship.export.contract.request import Request
    from _edgeship.export.evaluation.labelled import labelled

    names_of_inputs, names_of_outputs = (
        () if text is None else options.parse_names(text, option)
        for text, option in ((input_names, "--input-names"), (output_names, "--output-names"))
    )
    kept = () if keep_float is None else options.parse_names(keep_float, "--keep-float")
    return Request(
        model=model,
        targets=targets,
        schemes=schemes,
        shapes=extents,
        dtypes=dtypes if set(dtypes) - {"float32"} else (),
        inputs=() if inputs is None else options.parse_names(inputs, "--inputs"),
        outputs=() if outputs is None else options.parse_names(outputs, "--outputs"),
        detection=None if detection is None else options.parse_detection(detection),
        weights=weights,
        num_classes=num_classes,
        calib=calib,
        calib_samples=calib_samples,
        ranges=options.parse_observer(ranges),
        keep_float=kept,
        min_sqnr=min_sqnr,
        max_drop=max_drop,
        eval_data=None if eval_ is None else labelled(eval_, only_labels(classes)),
        mean=means,
        std=stds,
        color=options.parse_color(color),
        input_layout=pictures,
        io_layout=layout,
        io_dtype=options.parse_io_dtype(io_dtype),
        made_for=None if made_for is None else options.parse_made_for(made_for),
        require_delegate=delegates,
        ios=ios,
        batches=() if batch is None else coreml_options.parse_batches(batch),
        io=takes,
        input_names=names_of_inputs,
        output_names=names_of_outputs,
        labels=classes,
        about=About(author, license_, model_version, description),
        out=out,
    )


def _channels(model: str, shapes: tuple[Shape, ...]) -> int | None:
    """Return how many channels the input has, if that is known without loading the model."""
    from _edgeship.models import zoo

    if shapes:
        if len(shapes[0]) < 2 or model.lower().endswith(".onnx"):
            return None  # an ONNX file may have the channels at the end
        return shapes[0][1]
    return zoo.spec(model).input_size[0] if model in zoo.names() else None
