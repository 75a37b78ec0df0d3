"""What the user names: a model of the registry, an ONNX file, a function, or a live module."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from _edgeship.errors import InputError
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.graph.flow import Flow
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.network.definition import Definition, LiveModule, OnnxFile
from _edgeship.export.network.detector import Detector
from _edgeship.export.network.part import Part
from _edgeship.export.network.torch_network import SEED
from _edgeship.files import sha256_of

if TYPE_CHECKING:
    from torch import nn

    from _edgeship.export.preparation.given import Given

#: What the names of checkpoint files end in.
CHECKPOINTS = (".pt", ".pth", ".ckpt", ".tar", ".bin", ".safetensors")


@dataclass(frozen=True)
class Network:
    """A network that can be captured and run. As a context, it ends in `close()`.

    Attributes:
        name: Safe in a file name.
        shapes: Shape of each input, batch first.
        definition: What it is defined by: it can be captured and run until `close()`.
        weights: Where the weights come from, in words.
        weights_sha256: Digest of the file they come from, if there is one.
        untrained: Whether the weights are random.
        preprocess: What its input images go through, where that is known.
        training: What is known about the training of the weights, for the manifest.
        facts: Published figures, for the manifest.
        notes: What the user should know about how it was read.
        tensors: Names that the user's file has for tensors; None if the captured graph's are all
            there is.
        given: The scales that it had, if it was quantized before.
    """

    name: str
    shapes: tuple[Shape, ...]
    definition: Definition
    weights: str
    weights_sha256: str | None = None
    untrained: bool = False
    preprocess: Preprocess | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    tensors: frozenset[str] | None = None
    given: Given | None = None

    def close(self) -> None:
        """Release the definition: a process of the user's code ends."""
        self.definition.close()

    def __enter__(self) -> Network:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def load_network(
    model: str | nn.Module,
    *,
    shapes: Sequence[Shape] = (),
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    weights: str | None = None,
    num_classes: int | None = None,
    dtypes: Sequence[str] = (),
    detection: Literal["split", "nms"] | None = None,
) -> Network:
    """Load what the user named.

    Args:
        model: ``NAME`` of the registry, ``FILE.onnx``, ``FILE.py:FUNCTION`` or
            ``package.module:FUNCTION``, ``FILE.pt2`` or a TorchScript archive, or a live
            ``nn.Module``. The function takes no arguments and returns an ``nn.Module``, or is its
            class; it is called in a process of its own, and torch's files are read in one.
        shapes: Input shapes, batch first; required for a function, a TorchScript archive and a
            live module. Of an ONNX file that is cut, those of the part.
        inputs: Names of the tensors that a part of the network is fed with; none for its inputs.
        outputs: Names of the tensors that the part gives; none for its outputs.
        weights: A checkpoint file for a registry name or function; for a name also "cifar10" or
            "imagenet".
        num_classes: Width of the classifier, for a registry name.
        dtypes: Type of each input, for networks of the user's that PyTorch runs; float32 for all
            if there are none.
        detection: ``split`` to take apart outputs that join boxes and scores; ``nms`` likewise,
            and these may be apart already.

    Returns:
        The network, which the caller closes.

    Raises:
        InputError: There is no such thing, or it does not load.
    """
    if isinstance(model, str) and model.lower().endswith(".onnx"):
        if weights or num_classes:
            raise InputError(
                "--weights and --num-classes do not go with an ONNX file, which has its own."
            )
        _refuse_types(dtypes, "an ONNX file, which has its own")
        network = _from_onnx(Path(model), shapes, inputs, outputs, picks=detection == "nms")
    else:
        network = _from_torch(model, shapes, weights, num_classes, dtypes)
        if inputs or outputs:
            network = replace(network, definition=Part(network.definition, inputs, outputs))
    if inputs or outputs:
        network = replace(network, notes=(*network.notes, _of_part(network, inputs, outputs)))
    if detection:
        apart = detection == "nms"
        network = replace(network, definition=Detector(network.definition, apart=apart))
    return network


def _of_part(network: Network, inputs: Sequence[str], outputs: Sequence[str]) -> str:
    """Return a sentence on which part of a network is exported, and what it is compared with."""
    start = ", ".join(inputs) or "its inputs"
    end = ", ".join(outputs) or "its outputs"
    return (
        f"Only the part from {start} to {end} of the network is exported. "
        f"The files are compared with {network.definition.reference}."
    )


def _from_torch(
    model: str | nn.Module,
    shapes: Sequence[Shape],
    weights: str | None,
    num_classes: int | None,
    dtypes: Sequence[str],
) -> Network:
    """Load a network that PyTorch runs."""
    if not isinstance(model, str):
        return _from_module(model, shapes, weights, num_classes, dtypes)
    if ":" in model:
        if num_classes:
            raise InputError("--num-classes goes with a name of the registry only.")
        return _from_function(model, shapes, weights, dtypes)
    if is_saved_network(Path(model)):
        if weights or num_classes:
            raise InputError(
                "--weights and --num-classes do not go with a saved network, which has its own."
            )
        return _from_saved(Path(model), shapes, dtypes)
    _refuse_path(model)
    _refuse_types(dtypes, "a network of the registry")
    return _from_registry(model, shapes, weights, num_classes)


def _refuse_types(dtypes: Sequence[str], network: str) -> None:
    if any(dtype != "float32" for dtype in dtypes):
        raise InputError(f"The type of an --input does not go with {network}.")


def is_saved_network(path: Path) -> bool:
    """Return whether torch has saved a whole network in a file: a .pt2, or a TorchScript archive.

    Both are zip files. Those of `torch.save`, which are checkpoints, have no code in them.
    """
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    if path.suffix == ".pt2":
        return True
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile, NotImplementedError):
        return False


def _refuse_path(model: str) -> None:
    """Explain what is wrong with a path, which the registry would only call an unknown name."""
    from _edgeship.models import zoo

    path = Path(model)
    if model in zoo.names():
        return
    todo = "give a name, FILE.onnx, or FILE.py:FUNCTION, where FUNCTION() returns the network"
    if path.is_dir():
        raise InputError(f"{model} is a folder, not a network.", todo=todo)
    if path.is_file():
        if path.suffix in CHECKPOINTS:
            todo = f"name the network it belongs to, and give it with --weights {model}"
            raise InputError(f"{model} holds weights, not a network.", todo=todo)
        if path.suffix == ".py":
            todo = f"name the function that builds the network, for example {model}:build"
        raise InputError(f"{model} is a file, but neither .onnx nor a function.", todo=todo)
    if len(path.parts) > 1 or path.suffix in (".py", *CHECKPOINTS):
        raise InputError(f"{model} does not exist.", todo=todo)


def _from_onnx(
    path: Path,
    shapes: Sequence[Shape],
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    picks: bool,
) -> Network:
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


def _from_registry(
    name: str, shapes: Sequence[Shape], weights: str | None, num_classes: int | None
) -> Network:
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
    )


def _from_saved(path: Path, shapes: Sequence[Shape], dtypes: Sequence[str]) -> Network:
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


def _from_function(
    model: str, shapes: Sequence[Shape], weights: str | None, dtypes: Sequence[str]
) -> Network:
    from _edgeship.export.network.user_process import UserProcess

    place, _, function = model.rpartition(":")
    if not shapes:
        raise _no_shape(f"the input shape of {model}", "--input 1,3,224,224")
    if place.endswith(".py") and not Path(place).is_file():
        raise InputError(f"{place} does not exist.", todo="check the path before the colon")
    process = UserProcess(place, function, dtypes)
    try:
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
    )


def _last_name(place: str) -> str:
    """Return what ``folder/net.py`` or ``package.net`` has in common: ``net``."""
    return Path(place).stem if place.endswith(".py") else place.rpartition(".")[2]


def _from_module(
    module: nn.Module,
    shapes: Sequence[Shape],
    weights: str | None,
    num_classes: int | None,
    dtypes: Sequence[str],
) -> Network:
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
    if not shapes:
        raise _no_shape("the input shape of the module", "(1, 3, 224, 224)")
    return Network(
        name=file_name(type(module).__name__),
        shapes=tuple(shapes),
        definition=LiveModule(module, dtypes),
        weights="those of the live module",
    )


def _no_shape(what: str, example: str) -> InputError:
    return InputError(f"{what} is not known.", todo=f"give it, batch first, for example {example}")


def file_name(text: str) -> str:
    """Return a text with whatever does not belong in a file name replaced by ``_``."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._") or "model"
