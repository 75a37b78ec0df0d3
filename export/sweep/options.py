"""The options of exports in a sweep file: those of the command line, by the same names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from _edgeship.errors import InputError
from _edgeship.terminal.numbers import parse_shape

if TYPE_CHECKING:
    from _edgeship.export.contract.request import Request


def several(value: Any) -> Any:
    """Return a list of whatever may be given alone."""
    return value if isinstance(value, list | tuple) else [value]


def _port(text: str) -> str:
    """Check an input as the command line takes it, such as ``1,16:int64``."""
    try:
        parse_shape(text.partition(":")[0])
    except InputError as error:
        raise ValueError(error.what.removeprefix("--input ")) from error
    return text


Port = Annotated[str, AfterValidator(_port)]
Texts = Annotated[tuple[str, ...], BeforeValidator(several)]
Numbers = Annotated[tuple[float, ...], BeforeValidator(several)]


class Table(BaseModel):
    """Base of all tables of a sweep file: keys have hyphens, and unknown ones are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=lambda name: name.strip("_").replace("_", "-")
    )


class Options(Table):
    """How to export; what is None is left to what `python -m export` does without it.

    Attributes:
        input: Shape of each input, with its type where that is not float32: ``1,3,96,96``.
        weights: A checkpoint, ``imagenet`` or ``cifar10``.
        num_classes: Width of the classifier.
        calib: Folder or zip file of pictures, .npz or .npy file, ``FILE.py:FUNCTION``, ``random``.
        labels: A file with the names of the classes, or ``checkpoint``.
        eval_: Labelled pictures for ``max-drop``: a folder, a zip file or a list.
        for_: What a .tflite file is made for: ``gpu``.

    The others are those of `export.contract.request.Request`.
    """

    input: Annotated[tuple[Port, ...], BeforeValidator(several)] | None = None
    inputs: Texts | None = None
    outputs: Texts | None = None
    detection: Literal["split", "nms"] | None = None
    weights: str | None = None
    num_classes: Annotated[int, Field(gt=0)] | None = None
    calib: str | None = None
    calib_samples: Annotated[int, Field(gt=0)] | None = None
    ranges: Literal["auto", "mse", "min-max", "percentile"] | None = None
    keep_float: Texts | None = None
    min_sqnr: float | None = None
    max_drop: Annotated[float, Field(ge=0)] | None = None
    eval_: str | None = None
    mean: Numbers | None = None
    std: Numbers | None = None
    color: Literal["rgb", "bgr"] | None = None
    input_layout: Literal["nhwc", "nchw"] | None = None
    io_layout: Literal["nhwc", "nchw"] | None = None
    io_dtype: Literal["float32", "int8", "uint8"] | None = None
    for_: Literal["gpu"] | None = None
    require_delegate: Texts | None = None
    ios: int | None = None
    batch: Annotated[tuple[Annotated[int, Field(gt=0)], ...], BeforeValidator(several)] | None = (
        None
    )
    io: Literal["tensor", "image"] | None = None
    input_names: Texts | None = None
    output_names: Texts | None = None
    labels: str | None = None
    author: str | None = None
    license: str | None = None
    model_version: str | None = None
    description: str | None = None

    def given(self) -> dict[str, Any]:
        """Return what was given, by the names of this class's fields, in JSON types."""
        own = self.model_dump(mode="json", exclude_none=True)
        return {name: value for name, value in own.items() if name in Options.model_fields}

    def files(self) -> list[str]:
        """Return the paths of files and folders that are named."""
        named = (self.weights, self.calib, self.labels, self.eval_)
        return [*filter(None, map(_file, named))]


def _file(text: str | None) -> str | None:
    """Return the file or folder that a value names; None where it is a word with a meaning."""
    words = ("imagenet", "cifar10", "random", "checkpoint")
    return None if text is None or text in words else text


def request_of(
    model: str, target: str, schemes: tuple[str, ...], given: dict[str, Any], out: Path | None
) -> Request:
    """Return what to ask an export for.

    Args:
        model: As `python -m export` takes it.
        target: Name of one target.
        schemes: Names of schemes that it has.
        given: What `Options.given` returns.
        out: The folder for the files.

    Raises:
        InputError: A file with names of classes cannot be read.
    """
    from _edgeship.export.contract.about import About
    from _edgeship.export.contract.labels import CHECKPOINT, only_labels, read_labels
    from _edgeship.export.contract.request import Request
    from _edgeship.export.evaluation.labelled import LabelledFolder

    options: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in given.items()
    }
    ports = [text.partition(":") for text in options.pop("input", ())]
    dtypes = tuple(dtype or "float32" for _, _, dtype in ports)
    labels = options.pop("labels", None)
    if labels is not None:
        known = CHECKPOINT if labels == CHECKPOINT else {"": read_labels(Path(labels))}
        options["labels"] = known
    if "eval_" in options:
        classes = only_labels(options.get("labels", {}))
        options["eval_data"] = LabelledFolder(Path(options.pop("eval_")), classes)
    words = {name: options.pop(name, "") for name in ("author", "license", "description")}
    options["about"] = About(**words, version=options.pop("model_version", ""))
    if "batch" in options:
        options["batches"] = tuple(sorted({1, *options.pop("batch")}))
    if "for_" in options:
        options["made_for"] = options.pop("for_")
    return Request(
        model=model,
        targets=(target,),
        schemes=schemes,
        shapes=tuple(parse_shape(shape) for shape, _, _ in ports),
        dtypes=dtypes if set(dtypes) - {"float32"} else (),
        out=out,
        **options,
    )
