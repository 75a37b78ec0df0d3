"""What the user named: a model of the registry, an ONNX file, or a function for a module."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _edgeship.errors import EdgeshipError, InputError
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.graph.shapes import Shape

if TYPE_CHECKING:
    import onnx_ir as ir
    from torch import nn

#: What files of weights end in.
CHECKPOINTS = (".pt", ".pth", ".safetensors")

#: Seeds the weights of networks that come without any, so that two runs write the same bytes.
SEED = 0


@dataclass(frozen=True)
class Network:
    """A network that can be captured.

    Attributes:
        name: Safe in a file name.
        shapes: Shape of each input, batch first.
        module: The PyTorch module in eval mode, or None.
        onnx: The graph, or None for a module.
        weights: Where the weights come from, in words.
        weights_sha256: Digest of the file they come from, if there is one.
        untrained: Whether the weights are random.
        preprocess: What its input images go through, where that is known.
        training: What is known about the training of the weights, for the manifest.
        facts: Published figures, for the manifest.
    """

    name: str
    shapes: tuple[Shape, ...]
    module: nn.Module | None
    onnx: ir.Model | None
    weights: str
    weights_sha256: str | None = None
    untrained: bool = False
    preprocess: Preprocess | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


def load_network(
    model: str,
    *,
    shapes: Sequence[Shape] = (),
    weights: str | None = None,
    num_classes: int | None = None,
) -> Network:
    """Load what the user named.

    Args:
        model: ``NAME`` of the registry, ``FILE.onnx``, ``FILE.py:FUNCTION`` or
            ``package.module:FUNCTION``; the function takes no arguments and returns an
            ``nn.Module``.
        shapes: Input shapes, batch first; required for a function.
        weights: A checkpoint file for a registry name or function; for a name also "cifar10" or
            "imagenet".
        num_classes: Width of the classifier, for a registry name.

    Raises:
        InputError: If there is no such thing, or it does not load.
    """
    if model.lower().endswith(".onnx"):
        if weights or num_classes:
            raise InputError(
                "--weights and --num-classes do not go with an ONNX file, which has its own."
            )
        return _from_onnx(Path(model), shapes)
    if ":" in model:
        if num_classes:
            raise InputError("--num-classes goes with a name of the registry only.")
        return _from_function(model, shapes, weights)
    _refuse_path(model)
    return _from_registry(model, shapes, weights, num_classes)


def _refuse_path(model: str) -> None:
    """Explain what is wrong with a path, which the registry would only call an unknown name."""
    from _edgeship import models

    path = Path(model)
    if model in models.names():
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


def _from_onnx(path: Path, shapes: Sequence[Shape]) -> Network:
    from _edgeship.export.graph.onnx_graph import input_shapes
    from _edgeship.export.network.capture import read_onnx

    graph = read_onnx(path, shapes)
    return Network(
        name=file_name(path.stem),
        shapes=tuple(input_shapes(graph).values()),
        module=None,
        onnx=graph,
        weights=f"those in {path.name}",
        weights_sha256=_sha256(path),
    )


def _from_registry(
    name: str, shapes: Sequence[Shape], weights: str | None, num_classes: int | None
) -> Network:
    from _edgeship import models
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
    module = models.create(name, weights=trained, seed=SEED, **arguments)
    facts = {
        key: getattr(spec, key)
        for key in ("family", "paper", "year", "mult_adds", "params", "top1_error")
    }
    return Network(
        name=file_name(name),
        shapes=tuple(shapes),
        module=module,
        onnx=None,
        weights=trained.source if trained else f"UNTRAINED: random, seed {SEED}",
        weights_sha256=_sha256(trained.path) if trained else None,
        untrained=trained is None,
        preprocess=Preprocess(mean=spec.mean, std=spec.std, crop=spec.crop),
        training=trained.facts() if trained else {},
        facts=facts,
    )


def _from_function(model: str, shapes: Sequence[Shape], weights: str | None) -> Network:
    place, _, function_name = model.rpartition(":")
    if not shapes:
        raise InputError(
            f"the input shape of {model} is not known.",
            todo="give it, batch first, for example --input 1,3,224,224",
        )
    module_object = _import(place)
    function = getattr(module_object, function_name, None)
    if not callable(function):
        raise InputError(
            f"{place} has no function {function_name!r}.",
            todo="write FILE.py:FUNCTION, where FUNCTION() returns the network",
        )
    import torch
    from torch import nn

    torch.manual_seed(SEED)
    try:
        network = function()
    except EdgeshipError:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{model}() failed.", where=place, why=f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(network, nn.Module):
        raise InputError(
            f"{model}() returned {type(network).__name__}, not a torch.nn.Module.",
        )
    if weights:
        from _edgeship.models.weights.checkpoints import load_weights

        load_weights(network, weights)
    return Network(
        name=file_name(f"{Path(place).stem.rpartition('.')[2]}_{function_name}"),
        shapes=tuple(shapes),
        module=network.cpu().float().eval(),
        onnx=None,
        weights=weights or f"as {Path(place).name}:{function_name}() sets them",
        weights_sha256=_sha256(Path(weights)) if weights else None,
    )


def _import(place: str) -> Any:
    """Import ``package.module`` or a .py file; a file may import its neighbours."""
    try:
        if not place.endswith(".py"):
            sys.path.insert(0, str(Path.cwd()))
            return importlib.import_module(place)
        path = Path(place).resolve()
        if not path.is_file():
            raise InputError(f"{place} does not exist.", todo="check the path before the colon")
        sys.path.insert(0, str(path.parent))
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            raise InputError(f"{place} cannot be imported.")
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    except EdgeshipError:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{place} cannot be imported.", why=f"{type(error).__name__}: {error}"
        ) from error
    return module


def file_name(text: str) -> str:
    """Return ``text`` with everything that does not belong into a file name replaced."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._") or "model"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
