"""From the words of the command line to plain values, checked before anything heavy is imported."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from _edgeship.errors import InputError
from _edgeship.export.contract.choices import all_schemes, check_schemes
from _edgeship.export.contract.labels import CHECKPOINT, read_labels
from _edgeship.export.contract.schemes import canonical
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.pipeline import TARGETS
from _edgeship.terminal.numbers import parse_shape
from _edgeship.terminal.words import one_of, words_of

if TYPE_CHECKING:
    from _edgeship.export.calibration.observers import Observer

#: What ``--detection`` takes; the first is meant where it is given alone.
DETECTION = ("split", "nms")


def parse_targets(text: str) -> tuple[str, ...]:
    """Return the targets of ``--to``, such as ``tflite,coreml``.

    Raises:
        InputError: One is unknown.
    """
    return one_of(words_of(text, "--to", TARGETS), TARGETS, "target", "--to")


def parse_schemes(text: str, targets: Sequence[str] = ("tflite",)) -> tuple[str, ...]:
    """Return the quantization schemes of ``--quant``, such as ``none,int8``.

    Raises:
        InputError: One is unknown, or none of the targets has it, or a target has none of them.
    """
    chosen = {name: TARGETS[name] for name in targets}
    words = words_of(text, "--quant", all_schemes(chosen))
    schemes = canonical(words)
    one_of(schemes, all_schemes(TARGETS), "scheme", "--quant")
    check_schemes(schemes, chosen, TARGETS)
    return schemes


def schemes_in_words() -> str:
    """Return the schemes that all targets have, and the further ones of each, in words."""
    common = [
        name
        for name in all_schemes(TARGETS)
        if all(name in target.schemes for target in TARGETS.values())
    ]
    parts = [", ".join(common)]
    for name, target in TARGETS.items():
        own = [scheme for scheme in target.schemes if scheme not in common]
        if own:
            parts.append(f"of {name} also {', '.join(own)}")
    return "; ".join(parts)


def parse_io_dtype(text: str) -> str:
    """Return the type of ``--io-dtype``.

    Raises:
        InputError: No scheme of any target has inputs and outputs of it.
    """
    schemes = [scheme for target in TARGETS.values() for scheme in target.schemes.values()]
    known = dict.fromkeys(dtype for scheme in schemes for dtype in scheme.io_dtypes)
    [dtype] = one_of((text,), list(known), "type", "--io-dtype")
    return dtype


def parse_color(text: str) -> Literal["rgb", "bgr"]:
    """Return the order of the channels of ``--color``.

    Raises:
        InputError: It is neither rgb nor bgr.
    """
    [color] = one_of((text.lower(),), ("rgb", "bgr"), "order of colours", "--color")
    return cast("Literal['rgb', 'bgr']", color)


def parse_made_for(text: str) -> Literal["gpu"]:
    """Return what a file is made for, from ``--for``.

    Raises:
        InputError: It is nothing that files are made for.
    """
    [processor] = one_of((text.lower(),), ("gpu",), "processor", "--for")
    return cast("Literal['gpu']", processor)


def parse_delegates(text: str) -> tuple[str, ...]:
    """Return the delegates of ``--require-delegate``, such as ``gpu``.

    Raises:
        InputError: No target has one.
    """
    known = [name for target in TARGETS.values() for name in target.delegates]
    return one_of(
        words_of(text, "--require-delegate", known), known, "delegate", "--require-delegate"
    )


def parse_runtimes(text: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the runtimes of ``--runtime``, such as ``litert,tensorflow``.

    Raises:
        InputError: One is unknown.
    """
    return one_of(words_of(text, "--runtime", known), known, "runtime", "--runtime")


#: Types of the inputs of a PyTorch network.
_INPUT_TYPES = ("float32", "int64", "int32", "int16", "int8", "uint8", "bool")


def parse_input(text: str) -> tuple[Shape, str]:
    """Return shape and type of an ``--input``, such as ``1,16:int64``; float32 if it has none.

    Raises:
        InputError: The shape or the type is none.
    """
    shape, _, dtype = text.partition(":")
    if not dtype and ":" not in text:
        return parse_shape(text), "float32"
    [known] = one_of((dtype.strip(),), _INPUT_TYPES, "type", "--input")
    return parse_shape(shape), known


def parse_names(text: str, option: str) -> tuple[str, ...]:
    """Return the names of tensors of ``--inputs`` or ``--outputs``, such as ``boxes,scores``.

    Raises:
        InputError: There are none.
    """
    names = tuple(word.strip() for word in text.split(",") if word.strip())
    if not names:
        raise InputError(
            f"{option} is empty.", todo=f"name tensors, for example {option} boxes,scores"
        )
    return names


def parse_labels(texts: Sequence[str]) -> Mapping[str, tuple[str, ...]] | Literal["checkpoint"]:
    """Return output -> the names of its classes, as ``--labels FILE`` or ``OUTPUT=FILE`` says.

    Returns:
        "" stands for the only output with so many classes. ``checkpoint`` for those that the
        weights were trained on.

    Raises:
        InputError: A file is missing, damaged or no list of names; or two are for one output.
    """
    if CHECKPOINT in texts:
        if len(texts) > 1:
            raise InputError("--labels checkpoint takes no further names.", todo="give it alone")
        return CHECKPOINT
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        output, _, file = text.rpartition("=") if not Path(text).exists() else ("", "", text)
        if output in found:
            which = f"of {output} " if output else ""
            raise InputError(
                f"--labels names the classes {which}twice.",
                todo="say which output each file is for: --labels OUTPUT=FILE",
            )
        found[output] = read_labels(Path(file))
    return found


def with_values(words: Sequence[str]) -> list[str]:
    """Return the words of a command line where ``--detection`` has its value if it had none."""
    found: list[str] = []
    for place, word in enumerate(words):
        found.append(word)
        if word == "--detection" and (*words[place + 1 : place + 2], "")[0] not in DETECTION:
            found.append(DETECTION[0])
    return found


def parse_detection(text: str) -> Literal["split", "nms"]:
    """Return what ``--detection`` asks for.

    Raises:
        InputError: It is nothing that there is.
    """
    [detection] = one_of((text.lower(),), DETECTION, "way", "--detection")
    return cast("Literal['split', 'nms']", detection)


def check_normalization(
    mean: tuple[float, ...] | None, std: tuple[float, ...] | None, channels: int | None
) -> None:
    """Check ``--mean`` and ``--std``, also against the number of channels if that is known.

    Raises:
        InputError: A standard deviation is not above 0, or the numbers of values differ.
    """
    if std is not None and min(std) <= 0:
        raise InputError(f"--std {_list(std)} must be above 0.")
    if mean is not None and std is not None and len(mean) != len(std):
        raise InputError(
            f"--mean has {len(mean)} values and --std has {len(std)}.",
            todo="give one of each per input channel",
        )
    for option, values in (("--mean", mean), ("--std", std)):
        if values is not None and channels is not None and len(values) != channels:
            raise InputError(
                f"{option} has {len(values)} values, and the input has {channels} channels.",
                todo="give one per input channel",
            )


def parse_layout(text: str, option: str) -> Literal["nhwc", "nchw"]:
    """Return the axis order of ``--io-layout`` or ``--input-layout``.

    Raises:
        InputError: It is neither nhwc nor nchw.
    """
    [layout] = one_of((text.lower(),), ("nhwc", "nchw"), "axis order", option)
    return cast("Literal['nhwc', 'nchw']", layout)


def parse_observer(text: str) -> Observer | Literal["auto"]:
    """Return how ``--ranges`` chooses them.

    Raises:
        InputError: It is no such way.
    """
    from _edgeship.export.calibration.observers import OBSERVERS

    [observer] = one_of((text.lower(),), ("auto", *OBSERVERS), "way to choose ranges", "--ranges")
    return cast("Observer", observer)


def check_calibration(source: str) -> None:
    """Check that ``--calib`` exists, and that a folder holds at least one readable picture.

    Raises:
        InputError: It does not.
    """
    from _edgeship.export.calibration.input_spec import specs_of
    from _edgeship.export.calibration.preprocess import Preprocess
    from _edgeship.export.calibration.samples import load_samples
    from _edgeship.export.network.user_samples import is_function

    path = Path(source)
    if is_function(source) or (path.is_file() and path.suffix.lower() in (".npy", ".npz")):
        return  # whether its arrays fit is only known when the network is
    inputs = specs_of({"input": (1, 3, 8, 8)})
    load_samples(source, inputs, Preprocess((0.0,) * 3, (1.0,) * 3), limit=1)


def _list(values: Sequence[float]) -> str:
    return ",".join(f"{value:g}" for value in values)
