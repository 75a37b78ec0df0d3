"""Small networks as they are exported, of all kinds that generated code must serve."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from PIL import Image

import edgeship
from _edgeship.export.bundle.code.generating import generate
from _edgeship.export.contract.manifest import Artifact, Manifest, Port

#: Names that break out of any language whose quoting is wrong.
LABELS = ('a "quoted" $name', "back\\slash", "\\(code)", "${code}", "naïve 🐱", "plain")

IMAGES = sorted((Path(__file__).parents[4] / "export/calibration/images").glob("*.jpg"))


class Classifier(torch.nn.Module):
    """Scores of six classes of a picture."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        torch.manual_seed(channels)
        self.conv = torch.nn.Conv2d(channels, 8, 3, stride=2, padding=1)
        self.linear = torch.nn.Linear(8 * 3 * 4, len(LABELS))

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        maps = torch.nn.functional.adaptive_avg_pool2d(torch.relu(self.conv(picture)), (3, 4))
        return self.linear(maps.flatten(1))


class Several(torch.nn.Module):
    """Several inputs and outputs, of several types, named like words of languages."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = torch.nn.Conv2d(4, 5, 3, padding=1)
        self.rows = torch.nn.Parameter(torch.randn(7, 5))

    def forward(
        self, val: torch.Tensor, index: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        maps = self.conv(val)
        row = self.rows[index]
        total = maps.mean((2, 3)) + row
        return maps, torch.where(mask, total, -total), total.argmax(1), total > 0


@dataclass(frozen=True)
class Exported:
    """A folder of exported files, and the code for them."""

    folder: Path
    manifest: Manifest

    def artifact(self, end: str) -> Artifact:
        """Return the file whose name ends so."""
        return next(one for one in self.manifest.artifacts if one.file.endswith(end))

    def write_code(self, under: Path) -> None:
        """Write the code for all files."""
        for artifact in self.manifest.artifacts:
            for path, content in generate(self.manifest, artifact).items():
                (under / path).parent.mkdir(parents=True, exist_ok=True)
                (under / path).write_bytes(content)


def exported(folder: Path, name: str, **options: Any) -> Exported:
    """Export a network of the above.

    Args:
        folder: Where to; empty.
        name: Its kind.
        options: More for the export.
    """
    if name == "several":
        model: torch.nn.Module = Several()
        inputs = (torch.randn(1, 4, 6, 8), torch.tensor([3]), torch.tensor([True]))
        options["example_inputs"] = inputs
    else:
        channels = 1 if name == "gray" else 3
        model = Classifier(channels)
        options["input_shapes"] = [(1, channels, 24, 32)]
    edgeship.export(model.eval(), out=folder, **options)
    manifest = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
    (folder / "names.txt").write_text("".join(f"{label}\n" for label in LABELS), encoding="utf-8")
    return Exported(folder, manifest)


def with_classes(exported: Exported) -> Exported:
    """Return an export whose only output of a file is known to score the classes."""
    artifacts = [
        one.model_copy(update={"outputs": [_scored(port) for port in one.outputs]})
        for one in exported.manifest.artifacts
    ]
    return Exported(exported.folder, exported.manifest.model_copy(update={"artifacts": artifacts}))


def _scored(port: Port) -> Port:
    if port.shape[-1:] != [len(LABELS)]:
        return port
    return port.model_copy(update={"labels": "names.txt", "scores": "logits"})


def interpreted(file: Path, inputs: list[NDArray[Any]]) -> list[NDArray[Any]]:
    """Return what LiteRT in Python makes of stored inputs: outputs as they are stored."""
    interpreter = Interpreter(str(file))
    interpreter.allocate_tensors()
    for detail, array in zip(interpreter.get_input_details(), inputs, strict=True):
        assert detail["dtype"] == array.dtype
        interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    details = interpreter.get_output_details()
    return [interpreter.get_tensor(detail["index"]) for detail in details]


def photographs(count: int) -> list[NDArray[np.uint8]]:
    """Return shipped photographs as pixels (H, W, 3)."""
    return [np.asarray(Image.open(path).convert("RGB")) for path in IMAGES[:count]]
