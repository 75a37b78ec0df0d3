"""Rename the tensors of checkpoints from timm, which names the parts of some networks differently.

timm's MobileNet V2 has its stages as lists in a list where torchvision's has one list; its ReXNet
names the layers of a block where the authors number them; its networks of the SENet paper put the
layers in front of the first stage into one module.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from torch import Tensor

Renames = dict[str, str]


def to_our_layout(state: Mapping[str, Tensor], ours: Collection[str]) -> dict[str, Tensor]:
    """Give the tensors of a checkpoint the names that our network has for them.

    Args:
        state: The checkpoint's state dict.
        ours: The keys of our network's state dict.

    Returns:
        The state dict with our names if its own are exactly those of timm for this network, else
        unchanged. timm's last layer of ReXNet is linear, the authors' a 1x1 convolution: its
        weight is reshaped.
    """
    if not _fit(state, ours):
        for layout in _LAYOUTS:
            modules = layout(state)
            renamed = {key: _renamed(key, modules) for key in state}
            if _fit(renamed.values(), ours):
                return {renamed[key]: _reshaped(renamed[key], state[key]) for key in state}
    return dict(state)


def _renamed(key: str, modules: Renames) -> str:
    module, _, tensor = key.rpartition(".")
    return f"{modules[module]}.{tensor}" if module in modules else key


def _fit(keys: Collection[str], ours: Collection[str]) -> bool:
    """Tell whether the keys are ours; old checkpoints may lack the counters of batch norms."""
    distinct = {*keys}
    missing = {*ours} - distinct
    return (
        len(distinct) == len(keys)
        and distinct <= {*ours}
        and all(key.endswith("num_batches_tracked") for key in missing)
    )


def _reshaped(key: str, value: Tensor) -> Tensor:
    return value[:, :, None, None] if key == _REXNET_CLASSIFIER and value.ndim == 2 else value


_REXNET_CLASSIFIER = "output.1.weight"


def _rexnet(keys: Collection[str]) -> Renames:
    """Return the authors' name for each module of timm's ReXNet."""
    modules = {"stem.conv": "features.0", "stem.bn": "features.1", "head.fc": "output.1"}
    # The stem has three layers, its activation included.
    blocks = sum(
        re.fullmatch(r"features\.\d+\.conv_dw\.conv\.weight", key) is not None for key in keys
    )
    for block in range(blocks):
        theirs, ours, layer = f"features.{block}", f"features.{block + 3}.out", 0
        if f"{theirs}.conv_exp.conv.weight" in keys:
            modules |= _conv_bn(f"{theirs}.conv_exp", ours, layer)
            layer += 3
        modules |= _conv_bn(f"{theirs}.conv_dw", ours, layer)
        layer += 2
        if f"{theirs}.se.fc1.weight" in keys:
            excite = f"{ours}.{layer}.fc"
            modules |= {
                f"{theirs}.se.fc1": f"{excite}.0",
                f"{theirs}.se.bn": f"{excite}.1",
                f"{theirs}.se.fc2": f"{excite}.3",
            }
            layer += 1
        modules |= _conv_bn(f"{theirs}.conv_pwl", ours, layer + 1)
    return modules | _conv_bn(f"features.{blocks}", "features", blocks + 3)


def _conv_bn(theirs: str, ours: str, layer: int) -> Renames:
    return {f"{theirs}.conv": f"{ours}.{layer}", f"{theirs}.bn": f"{ours}.{layer + 1}"}


def _mobilenet_v2(keys: Collection[str]) -> Renames:
    """Return torchvision's name for each module of timm's MobileNet V2."""
    found = (re.match(r"blocks\.(\d+)\.(\d+)\.", key) for key in keys)
    blocks = sorted({(int(match[1]), int(match[2])) for match in found if match})
    last = f"features.{len(blocks) + 1}"
    modules = {
        "conv_stem": "features.0.0",
        "bn1": "features.0.1",
        "conv_head": f"{last}.0",
        "bn2": f"{last}.1",
        "classifier": "classifier.1",
    }
    for number, (stage, block) in enumerate(blocks, start=1):
        theirs, ours = f"blocks.{stage}.{block}", f"features.{number}.conv"
        layers = _MOBILENET_V2_LAYERS[f"{theirs}.conv_pwl.weight" in keys]
        modules |= {f"{theirs}.{layer}": f"{ours}.{place}" for layer, place in layers.items()}
    return modules


# Layers of a block by whether it expands its input.
_MOBILENET_V2_LAYERS = {
    False: {"conv_dw": "0.0", "bn1": "0.1", "conv_pw": "1", "bn2": "2"},
    True: {
        "conv_pw": "0.0",
        "bn1": "0.1",
        "conv_dw": "1.0",
        "bn2": "1.1",
        "conv_pwl": "2",
        "bn3": "3",
    },
}


def _senet(keys: Collection[str]) -> Renames:
    """Return our name for each module of timm's SE-ResNet, or SENet-154 with its deeper stem."""
    deep = "layer0.conv3.weight" in keys
    if deep:
        modules = {"last_linear": "classifier.1"}
        for number, place in ((1, 0), (2, 3), (3, 6)):
            modules[f"layer0.conv{number}"] = f"stem.{place}"
            modules[f"layer0.bn{number}"] = f"stem.{place + 1}"
    else:
        modules = {"last_linear": "fc", "layer0.conv1": "conv1", "layer0.bn1": "bn1"}
    for theirs in sorted({key.rpartition(".")[0] for key in keys}):
        stage = re.match(r"layer([1-9])\.", theirs)
        if stage is None:
            continue
        ours = theirs.replace("se_module.fc1", "se.fc.0").replace("se_module.fc2", "se.fc.2")
        if deep:
            ours = f"stages.{int(stage[1]) - 1}.{ours[stage.end() :]}"
        modules[theirs] = ours
    return modules


_LAYOUTS: tuple[Callable[[Collection[str]], Renames], ...] = (_rexnet, _mobilenet_v2, _senet)
