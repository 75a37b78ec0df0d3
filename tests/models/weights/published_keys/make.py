"""Write what the publishers' own modules hold and compute, for `test_imagenet.py`.

Run by hand, in an environment of its own, with torchvision 0.28.0, timm 1.0.31, and these two
files of authors on PYTHONPATH: rexnetv1.py of github.com/clovaai/rexnet at 104f218, repvgg.py of
github.com/DingXiaoH/RepVGG at 022edbe.

    python -m tests.models.weights.published_keys.make

NAME.txt lists the tensors of a checkpoint: "a.b weight=8x3x1x1 bias=8" stands for a.b.weight and
a.b.bias, "a.b norm 8" for the five tensors of a batch norm. scores.json has the first scores that
the module computes from the weights and the input of `filled` and `image`.
"""

from __future__ import annotations

import importlib
import json
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

FOLDER = Path(__file__).parent
SCORES = FOLDER / "scores.json"

#: Where the module of each checkpoint is, by our name for the network.
SOURCES = {
    "shufflenet_v2_x0_5": "torchvision.models:shufflenet_v2_x0_5()",
    "shufflenet_v2_x1_0": "torchvision.models:shufflenet_v2_x1_0()",
    "shufflenet_v2_x1_5": "torchvision.models:shufflenet_v2_x1_5()",
    "shufflenet_v2_x2_0": "torchvision.models:shufflenet_v2_x2_0()",
    "mobilenet_v2_x0_5": "timm.models.efficientnet:mobilenetv2_050()",
    "mobilenet_v2_x1_0": "torchvision.models:mobilenet_v2()",
    "mobilenet_v2_x1_4": "timm.models.efficientnet:mobilenetv2_140()",
    "resnet_50": "torchvision.models:resnet50()",
    "se_resnet_50": "timm.models.senet:legacy_seresnet50()",
    "senet_154": "timm.models.senet:legacy_senet154()",
    "rexnet_x1_0": "rexnetv1:ReXNetV1()",
    "rexnet_x1_3": "timm.models.rexnet:rexnet_130()",
    "rexnet_x1_5": "timm.models.rexnet:rexnet_150()",
    "rexnet_x2_0": "timm.models.rexnet:rexnet_200()",
    "repvgg_a0": "repvgg:create_RepVGG_A0()",
}

_NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")

Shapes = dict[str, tuple[int, ...]]


def read_shapes(name: str) -> Shapes:
    """Return the tensors that NAME.txt lists."""
    shapes: Shapes = {}
    for line in (FOLDER / f"{name}.txt").read_text().splitlines():
        module, *rest = line.split()
        if module == "#":
            continue
        if rest[0] == "norm":
            shapes |= {f"{module}.{key}": (int(rest[1]),) for key in _NORM[:-1]}
            shapes[f"{module}.{_NORM[-1]}"] = ()
        else:
            for tensor in rest:
                key, _, sizes = tensor.partition("=")
                shapes[f"{module}.{key}"] = tuple(int(size) for size in sizes.split("x"))
    return shapes


def filled(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Return weights that depend on names and shapes alone, and let every layer matter."""
    state = {}
    for key, shape in shapes.items():
        random = np.random.default_rng(zlib.crc32(key.encode()))
        if key.endswith("num_batches_tracked"):
            state[key] = torch.tensor(1)
            continue
        if len(shape) > 1:
            fan_in = int(np.prod(shape[1:]))
            value = random.standard_normal(shape, np.float32) * np.float32((2 / fan_in) ** 0.5)
        elif key.endswith(("bias", "running_mean")):
            value = random.uniform(-0.2, 0.2, shape)
        else:
            value = random.uniform(0.75, 1.25, shape)
        state[key] = torch.from_numpy(np.asarray(value, np.float32))
    return state


def image() -> Tensor:
    """Return an image whose sides are odd, so that it shows how a layer treats its border."""
    pixels = np.random.default_rng(0).standard_normal((1, 3, 97, 79), np.float32)
    return torch.from_numpy(pixels)


def first_scores(network: torch.nn.Module) -> list[float]:
    """Return the scores of the first eight classes.

    In double precision: random weights amplify rounding errors from layer to layer, in SENet-154
    to the size of the scores.
    """
    with torch.no_grad():
        scores = network.double().eval()(image().double())
    return [float(f"{float(score):.6g}") for score in scores.flatten()[:8]]


def _lines(shapes: Shapes) -> list[str]:
    modules: dict[str, dict[str, tuple[int, ...]]] = {}
    for key, shape in shapes.items():
        module, _, tensor = key.rpartition(".")
        modules.setdefault(module, {})[tensor] = shape
    lines = []
    for module, tensors in modules.items():
        if tuple(tensors) == _NORM:
            lines.append(f"{module} norm {tensors['weight'][0]}")
        else:
            sizes = (f"{key}={'x'.join(map(str, shape))}" for key, shape in tensors.items())
            lines.append(f"{module} {' '.join(sizes)}")
    return lines


def main() -> None:
    """Build every module, list it, fill it and run it."""
    scores = {}
    for name, source in SOURCES.items():
        package, _, function = source.partition(":")
        network = getattr(importlib.import_module(package), function.removesuffix("()"))()
        shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
        version = getattr(sys.modules[package.partition(".")[0]], "__version__", "")
        header = f"# {source} {version}".rstrip()
        (FOLDER / f"{name}.txt").write_text("\n".join([header, *_lines(shapes), ""]))
        if read_shapes(name) != shapes:
            raise SystemExit(f"{name}.txt does not list all tensors.")
        network.load_state_dict(filled(shapes))
        scores[name] = first_scores(network)
    SCORES.write_text(json.dumps(scores, indent=1) + "\n")


if __name__ == "__main__":
    main()
