"""What the user names: a model of the registry, an ONNX file, a function, or a live module."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from _edgeship.errors import InputError
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.network.detector import Detector
from _edgeship.export.network.loaders import (
    from_function,
    from_module,
    from_onnx,
    from_registry,
    from_saved,
)
from _edgeship.export.network.network import Network
from _edgeship.export.network.part import Part
from _edgeship.zips import UNREADABLE, open_zip

if TYPE_CHECKING:
    from torch import nn

#: What the names of checkpoint files end in.
CHECKPOINTS = (".pt", ".pth", ".ckpt", ".tar", ".bin", ".safetensors")


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
        network = from_onnx(Path(model), shapes, inputs, outputs, picks=detection == "nms")
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
        return from_module(model, shapes, weights, num_classes, dtypes)
    if ":" in model:
        if num_classes:
            raise InputError("--num-classes goes with a name of the registry only.")
        return from_function(model, shapes, weights, dtypes)
    if is_saved_network(Path(model)):
        if weights or num_classes:
            raise InputError(
                "--weights and --num-classes do not go with a saved network, which has its own."
            )
        return from_saved(Path(model), shapes, dtypes)
    _refuse_path(model)
    _refuse_types(dtypes, "a network of the registry")
    return from_registry(model, shapes, weights, num_classes)


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
        with open_zip(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except UNREADABLE:
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
