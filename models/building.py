"""Build the networks of the registry, with random or trained weights; create() imports torch."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _edgeship.errors import InputError
from _edgeship.models.catalog.registry import spec
from _edgeship.models.catalog.spec import ModelSpec

if TYPE_CHECKING:
    from torch import nn

    from _edgeship.models.weights.pretrained import Pretrained

# Images in the noise batch that sets a random network's batch-norm statistics.
_NOISE_BATCH = 8

# Limits that turn a typing error into a message instead of exhausted memory: a classifier of that
# size takes 4 GiB at 1024 features, a noise batch 3.3 GB at 224x224.
_MAX_CLASSES = 2**20
_MAX_CHANNELS = 2048
# What torch's generators accept.
_MAX_SEED = 2**63 - 1


def create(
    name: str,
    *,
    num_classes: int | None = None,
    in_channels: int | None = None,
    weights: str | Path | Pretrained | None = None,
    seed: int = 0,
    **overrides: Any,
) -> nn.Module:
    """Build a model in eval mode; the global random state is left as it was.

    Args:
        name: A name of the registry.
        num_classes: Number of scores the classifier gives; None for the published number, or
            that of the weights if they say it.
        in_channels: Channels of the input; None for the published ones.
        weights: "cifar10", "imagenet", or a checkpoint (.pth, .pt or .safetensors); or what
            `models.weights.pretrained.find` has already made of one of them for this model.
            Without any the weights are random, as `models.initialization.initialize` draws them.
        seed: Seed of the random weights; the same seed gives the same network.
        **overrides: Replace entries of the model's `arguments`.

    Returns:
        The module; a classifier maps float32 (N, in_channels, H, W) to scores (N, num_classes).

    Raises:
        InputError: The name, an argument or the checkpoint is wrong.
    """
    entry = spec(name)
    if in_channels is None:
        in_channels = entry.input_size[0]
    if num_classes is not None:
        _require_int("num_classes", num_classes, 1, _MAX_CLASSES)
    _require_int("in_channels", in_channels, 1, _MAX_CHANNELS)
    _require_int("seed", seed, 0, _MAX_SEED)

    trained = _trained(name, weights)
    card = trained.card if trained else None
    if card and num_classes is None:
        num_classes = len(card.classes)

    import torch

    factory = factory_of(entry)
    arguments = {
        **_merged_arguments(entry, factory, overrides),
        **_ends(entry, factory, num_classes, in_channels),
    }
    # Layers draw their default weights from the global generator while they are constructed.
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        module = factory(**arguments)

    if trained:
        from _edgeship.models.weights.checkpoints import load_weights

        load_weights(module, trained.path)
        if card:
            from _edgeship.models.resolution import undo_strides

            undo_strides(module, card.strides_undone, entry.input_size[1])
        return module.eval()

    from _edgeship.models.initialization import initialize

    noise_shape = (_NOISE_BATCH, in_channels, *entry.input_size[1:])
    return initialize(module, noise_shape, seed)


def _trained(name: str, weights: str | Path | Pretrained | None) -> Pretrained | None:
    """Return the weights that were asked for, looking them up unless that has been done."""
    if weights is None:
        return None
    from _edgeship.models.weights.pretrained import Pretrained, find

    return weights if isinstance(weights, Pretrained) else find(name, weights)


def factory_of(entry: ModelSpec) -> Callable[..., nn.Module]:
    """Import the class an entry names; the string comes from the catalog, never from a user."""
    module_name, attribute = entry.factory.split(":")
    factory: Callable[..., nn.Module] = getattr(importlib.import_module(module_name), attribute)
    return factory


def is_classifier(name: str) -> bool:
    """Return whether a model ends in a score for each class.

    Raises:
        InputError: There is no such model.
    """
    return "num_classes" in inspect.signature(factory_of(spec(name))).parameters


def _ends(
    entry: ModelSpec,
    factory: Callable[..., nn.Module],
    num_classes: int | None,
    in_channels: int,
) -> dict[str, int]:
    """Return the arguments for classes and input channels; refuse what the network cannot have."""
    parameters = inspect.signature(factory).parameters
    ends: dict[str, int] = {}
    if num_classes is not None:
        if "num_classes" not in parameters:
            raise InputError(
                f"{entry.name} has no classifier.", todo="Leave the number of classes out."
            )
        ends["num_classes"] = num_classes
    if "in_channels" in parameters:
        ends["in_channels"] = in_channels
    elif in_channels != entry.input_size[0]:
        raise InputError(
            f"The input of {entry.name} has {entry.input_size[0]} channels, not {in_channels}.",
            todo="Leave the number of channels out.",
        )
    return ends


def _merged_arguments(
    entry: ModelSpec, factory: Callable[..., nn.Module], overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the entry's arguments with the overrides; refuse names that the factory lacks."""
    # The number of axes follows from the entry's input size.
    own_arguments = {"num_classes", "in_channels", "dims"}
    allowed = sorted(set(inspect.signature(factory).parameters) - own_arguments)
    for key in overrides:
        if key not in allowed:
            raise InputError(
                f"{entry.name} has no argument {key!r}.",
                todo=f"Besides num_classes and in_channels it has {', '.join(allowed) or 'none'}.",
            )
    return {**entry.arguments, **overrides}


def _require_int(label: str, value: object, low: int, high: int) -> None:
    """Refuse anything but a whole number in the range; True does not count as one."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(f"{label} must be a whole number from {low} to {high}, not {value!r}.")
