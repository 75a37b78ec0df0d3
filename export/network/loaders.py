"""Load what the user named, once it is known of which kind it is: one function a kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _edgeship.errors import InputError
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.graph.flow import Flow
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.network.definition import LiveModule, OnnxFile
from _edgeship.export.network.network import Network, file_name
from _edgeship.export.network.pretrained_cfg import Stated, stated_by
from _edgeship.export.network.torch_network import SEED
from _edgeship.files import sha256_of

if TYPE_CHECKING:
    from torch import nn


def from_onnx(
    path: Path,
    shapes: Sequence[Shape],
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    picks: bool,
) -> Network:
    """Read an ONNX file, or the part of it between named tensors; see `load_network`.

    Args:
        path: The file.
        shapes: Shapes of its inputs, batch first; its own if there are none.
        inputs: Names of the tensors that the part is fed with.
        outputs: Names of the tensors that the part gives.
        picks: Whether the suppression in the file is left out, where no outputs are named.

    Raises:
        InputError: The file or the shapes are wrong; see `open_onnx`.
        UnsupportedError: Likewise.
    """
    from _edgeship.export.graph.onnx_graph import input_shapes
    from _edgeship.export.network.capture import open_onnx

    opened = open_onnx(path, shapes, inputs, outputs, unsuppressed=picks)
    return Network(
        name=file_name(path.stem),
        shapes=tuple(input_shapes(opened.prepared.model).values()),
        definition=OnnxFile(opened),
        notes=opened.prepared.notes,
        tensors=frozenset(Flow(opened.original.graph).producers),
        given=opened.prepared.given,
        weights=f"those in {path.name}",
        weights_sha256=sha256_of(path),
    )


def from_registry(
    name: str, shapes: Sequence[Shape], weights: str | None, num_classes: int | None
) -> Network:
    """Build a network of the registry, trained or not.

    Raises:
        InputError: There is no such network or checkpoint, or the shapes do not fit it.
    """
    from _edgeship.models import zoo
    from _edgeship.models.weights.pretrained import find, spec_of

    trained = find(name, weights) if weights else None
    spec = spec_of(name, trained)
    shapes = tuple(shapes) or ((1, *spec.input_size),)
    if len(shapes) != 1 or len(shapes[0]) != len(spec.input_size) + 1:
        raise InputError(
            f"{name} takes one input of {len(spec.input_size) + 1} dimensions.",
            todo=f"for example --input {','.join(str(e) for e in (1, *spec.input_size))}",
        )
    arguments: dict[str, Any] = {"in_channels": shapes[0][1]}
    if num_classes is not None:
        arguments["num_classes"] = num_classes
    module = zoo.create(name, weights=trained, seed=SEED, **arguments)
    facts = {
        key: getattr(spec, key)
        for key in ("family", "paper", "year", "mult_adds", "params", "top1_error")
    }
    return Network(
        name=file_name(name),
        shapes=tuple(shapes),
        definition=LiveModule(module),
        weights=trained.source if trained else f"UNTRAINED: random, seed {SEED}",
        weights_sha256=sha256_of(trained.path) if trained else None,
        untrained=trained is None,
        preprocess=Preprocess(mean=spec.mean, std=spec.std, crop=spec.crop),
        training=trained.facts() if trained else {},
        facts=facts,
        labels=trained.classes() if trained else (),
        classifier=zoo.is_classifier(name),
    )


def from_saved(path: Path, shapes: Sequence[Shape], dtypes: Sequence[str]) -> Network:
    """Read a network that torch has saved whole, in a process of its own.

    Raises:
        InputError: It cannot be read, or nothing tells its input shapes.
    """
    from _edgeship.export.network.user_process import UserProcess

    process = UserProcess(str(path), dtypes=dtypes)
    try:
        shapes = tuple(shapes) or process.shapes
        if not shapes:
            raise _no_shape(f"the input shape of {path}", "--input 1,3,224,224")
        digest = sha256_of(path)
    except BaseException:
        process.close()
        raise
    return Network(
        name=file_name(path.stem),
        shapes=tuple(shapes),
        definition=process,
        weights=f"those in {path.name}",
        weights_sha256=digest,
    )


def from_function(
    model: str, shapes: Sequence[Shape], weights: str | None, dtypes: Sequence[str]
) -> Network:
    """Build the network that a function of the user's returns, in a process of its own.

    Raises:
        InputError: Nothing tells its shapes, or the function or the weights do not load.
    """
    from _edgeship.export.network.user_process import UserProcess

    place, _, function = model.rpartition(":")
    if place.endswith(".py") and not Path(place).is_file():
        raise InputError(f"{place} does not exist.", todo="check the path before the colon")
    process = UserProcess(place, function, dtypes)
    try:
        shapes = tuple(shapes) or _shapes_in(process.stated)
        if not shapes:
            raise _no_shape(f"the input shape of {model}", "--input 1,3,224,224")
        if weights:
            process.load_weights(weights)
        digest = sha256_of(Path(weights)) if weights else None
    except BaseException:
        process.close()
        raise
    return Network(
        name=file_name(f"{_last_name(place)}_{function}"),
        shapes=tuple(shapes),
        definition=process,
        weights=weights or f"as {Path(place).name}:{function}() sets them",
        weights_sha256=digest,
        preprocess=_preprocess_in(process.stated),
        notes=_notes_on(process.stated),
    )


def _last_name(place: str) -> str:
    """Return what ``folder/net.py`` or ``package.net`` has in common: ``net``."""
    return Path(place).stem if place.endswith(".py") else place.rpartition(".")[2]


def from_module(
    module: nn.Module,
    shapes: Sequence[Shape],
    weights: str | None,
    num_classes: int | None,
    dtypes: Sequence[str],
) -> Network:
    """Take a live module as it is.

    Raises:
        InputError: It is none, nothing tells its shapes, or weights are asked for.
    """
    from torch import nn

    if not isinstance(module, nn.Module):
        raise InputError(
            f"An object of type {type(module).__name__} is not a network.",
            todo="give a torch.nn.Module, a name, FILE.onnx, or FILE.py:FUNCTION",
        )
    if weights or num_classes:
        raise InputError(
            "Weights and a number of classes do not go with a live module, which has its own.",
            todo="load them into the module first",
        )
    states = stated_by(module)
    shapes = tuple(shapes) or _shapes_in(states)
    if not shapes:
        raise _no_shape("the input shape of the module", "(1, 3, 224, 224)")
    return Network(
        name=file_name(type(module).__name__),
        shapes=tuple(shapes),
        definition=LiveModule(module, dtypes),
        weights="those of the live module",
        preprocess=_preprocess_in(states),
        notes=_notes_on(states),
    )


def _shapes_in(states: Stated) -> tuple[Shape, ...]:
    """Return the shape of the pictures that a network states, in a batch of one."""
    return ((1, *states["input_size"]),) if "input_size" in states else ()


def _preprocess_in(states: Stated) -> Preprocess | None:
    """Return what the pictures of a network go through, as it states it."""
    if "mean" not in states:
        return None
    crop = states.get("crop_pct", Preprocess.crop)
    return Preprocess(tuple(states["mean"]), tuple(states["std"]), crop)


def _notes_on(states: Stated) -> tuple[str, ...]:
    """Return a sentence on where it is known from how pictures are normalised."""
    if "mean" not in states:
        return ()
    mean, std = (", ".join(f"{each:g}" for each in states[key]) for key in ("mean", "std"))
    return (
        f"The network's pretrained_cfg says how its images are normalised: mean {mean}, std {std}.",
    )


def _no_shape(what: str, example: str) -> InputError:
    return InputError(f"{what} is not known.", todo=f"give it, batch first, for example {example}")
