"""Seconds from an ONNX file to .tflite: a detector at 640 in int8, a text recogniser in float32.

Run: python benchmarks/real_networks.py [--runs N] [--peer PYTHON]

The two networks have the structure, the widths and the number of nodes of YOLOv8n (3.2 million
parameters) and of a recogniser with ten attention blocks; their weights are random. The detector
is calibrated on 32 pictures. Every run is a process of its own, as a user starts it. PYTHON is the
interpreter of an environment that has onnx2tf; its runs alternate with ours. What onnx2tf would
fetch when it starts is put where it looks first, so that it needs no network.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from PIL import Image
from torch import Tensor, nn

from _edgeship.export.calibration.pictures import shipped_samples
from _edgeship.export.calibration.preprocess import Preprocess

SIZE = 640


class Conv(nn.Sequential):
    """Convolution, batch norm, SiLU."""

    def __init__(self, inner: int, outer: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inner, outer, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outer),
            nn.SiLU(),
        )


class C2f(nn.Module):
    """Split, bottlenecks in a chain, everything joined."""

    def __init__(self, inner: int, outer: int, depth: int, add: bool) -> None:
        super().__init__()
        half = outer // 2
        self.add = add
        self.first = Conv(inner, outer)
        self.blocks = nn.ModuleList(
            nn.Sequential(Conv(half, half, 3), Conv(half, half, 3)) for _ in range(depth)
        )
        self.last = Conv((2 + depth) * half, outer)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        parts = list(self.first(x).chunk(2, 1))
        for block in self.blocks:
            y = block(parts[-1])
            parts.append(parts[-1] + y if self.add else y)
        return self.last(torch.cat(parts, 1))


class SPPF(nn.Module):
    """Three pools of five in a chain, everything joined."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.last = Conv(width, width // 2), Conv(width * 2, width)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        parts = [self.first(x)]
        for _ in range(3):
            parts.append(nn.functional.max_pool2d(parts[-1], 5, 1, 2))
        return self.last(torch.cat(parts, 1))


class Detector(nn.Module):
    """The graph of YOLOv8n: boxes by distributions of distances, in pixels, joined with scores."""

    def __init__(self, classes: int = 80) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            *(Conv(3, 16, 3, 2), Conv(16, 32, 3, 2), C2f(32, 32, 1, True)),
            *(Conv(32, 64, 3, 2), C2f(64, 64, 2, True)),
        )
        self.middle = nn.Sequential(Conv(64, 128, 3, 2), C2f(128, 128, 2, True))
        self.deep = nn.Sequential(Conv(128, 256, 3, 2), C2f(256, 256, 1, True), SPPF(256))
        self.down4, self.down3 = C2f(384, 128, 1, False), C2f(192, 64, 1, False)
        self.stride4, self.up4 = Conv(64, 64, 3, 2), C2f(192, 128, 1, False)
        self.stride5, self.up5 = Conv(128, 128, 3, 2), C2f(384, 256, 1, False)
        self.boxes = nn.ModuleList(
            nn.Sequential(Conv(c, 64, 3), Conv(64, 64, 3), nn.Conv2d(64, 64, 1))
            for c in (64, 128, 256)
        )
        self.scores = nn.ModuleList(
            nn.Sequential(Conv(c, 80, 3), Conv(80, 80, 3), nn.Conv2d(80, classes, 1))
            for c in (64, 128, 256)
        )

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        def larger(y: Tensor) -> Tensor:
            return nn.functional.interpolate(y, scale_factor=2.0)

        p3 = self.stem(x)
        p4 = self.middle(p3)
        p5 = self.deep(p4)
        n4 = self.down4(torch.cat([larger(p5), p4], 1))
        n3 = self.down3(torch.cat([larger(n4), p3], 1))
        q4 = self.up4(torch.cat([self.stride4(n3), n4], 1))
        q5 = self.up5(torch.cat([self.stride5(q4), p5], 1))
        boxes, scores, anchors, strides = [], [], [], []
        for level, features in enumerate((n3, q4, q5)):
            boxes.append(self.boxes[level](features).flatten(2))
            scores.append(self.scores[level](features).flatten(2))
            height, width = features.shape[2:]
            y, z = torch.meshgrid(
                torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij"
            )
            anchors.append(torch.stack([z.flatten(), y.flatten()]))
            strides.append(torch.full((height * width,), 8.0 * 2**level))
        distances = torch.cat(boxes, 2).view(1, 4, 16, -1).softmax(2)
        distances = (distances * torch.arange(16.0).view(1, 1, 16, 1)).sum(2)
        before, behind = distances.chunk(2, 1)
        centre = torch.cat(anchors, 1)[None]
        low, high = centre - before, centre + behind
        found = torch.cat([(low + high) / 2, high - low], 1) * torch.cat(strides)
        return torch.cat([found, torch.cat(scores, 2).sigmoid()], 1)


class Attention(nn.Module):
    """A transformer block."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        batch, length, width = x.shape
        size = width // self.heads
        qkv = self.qkv(self.norm1(x)).reshape(batch, length, 3, self.heads, size)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        weights = ((q * size**-0.5) @ k.transpose(-2, -1)).softmax(-1)
        x = x + self.out((weights @ v).transpose(1, 2).reshape(batch, length, width))
        return x + self.mlp(self.norm2(x))


class Recogniser(nn.Module):
    """A text recogniser: depthwise convolutions, then ten attention blocks over the columns."""

    def __init__(self, letters: int = 6625) -> None:
        super().__init__()
        layers: list[nn.Module] = [Conv(3, 32, 3, 2)]
        inner = 32
        for outer, stride in ((64, (1, 1)), (128, (2, 2)), (128, (1, 1)), (256, (2, 1))) + (
            ((256, (1, 1)),) * 2 + ((512, (2, 1)), (512, (1, 1)))
        ):
            layers += [
                nn.Conv2d(inner, inner, 3, stride, 1, groups=inner, bias=False),
                *(nn.BatchNorm2d(inner), nn.Hardswish()),
                nn.Conv2d(inner, outer, 1, bias=False),
                *(nn.BatchNorm2d(outer), nn.Hardswish()),
            ]
            inner = outer
        self.stem = nn.Sequential(*layers)
        self.narrow = nn.Conv2d(512, 120, 1)
        self.blocks = nn.Sequential(*(Attention(120, 8) for _ in range(10)))
        self.letters = nn.Linear(120, letters)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        columns = self.narrow(self.stem(x).mean(2, keepdim=True)).flatten(2).transpose(1, 2)
        return self.letters(self.blocks(columns)).softmax(-1)


def write(module: nn.Module, shape: Sequence[int], path: Path) -> None:
    """Export a network as people do, with statistics and weights that are not trivial."""
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.running_mean, std=0.1)
            nn.init.uniform_(part.running_var, 0.5, 1.5)
        if isinstance(part, nn.LayerNorm):
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.normal_(part.bias, std=0.1)
    torch.onnx.export(
        module.eval(),
        (torch.zeros(*shape),),
        str(path),
        dynamo=False,
        opset_version=17,
        input_names=["input"],
        output_names=["output"],
    )


def pictures(folder: Path) -> None:
    """Write 32 pictures, and the same as an array for onnx2tf."""
    plain = Preprocess((0.0,) * 3, (1.0,) * 3)
    samples, _ = shipped_samples((3, SIZE, SIZE), plain, 32)
    for number, sample in enumerate(samples):
        pixels = np.rint(sample.transpose(1, 2, 0) * 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    array = np.stack([sample.transpose(1, 2, 0) for sample in samples]).astype(np.float32)
    np.save(folder.parent / "calibration.npy", array)
    fetched = np.random.default_rng(0).random((20, 128, 128, 3), dtype=np.float32)
    np.save(folder.parent / "calibration_image_sample_data_20x128x128x3_float32.npy", fetched)


def seconds(command: Sequence[str], folder: Path) -> float:
    """Return how long a command runs.

    Raises:
        subprocess.CalledProcessError: It fails.
    """
    start = time.perf_counter()
    # The programs of the environment, such as onnxsim for onnx2tf, come first.
    path = f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "CUDA_VISIBLE_DEVICES": ""}
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=environment)
    return time.perf_counter() - start


def seconds_of_peer(command: Sequence[str], folder: Path) -> float | None:
    """Return how long another program runs, None if it fails."""
    try:
        return seconds(command, folder)
    except subprocess.CalledProcessError as error:
        print(error.stderr.decode(errors="replace")[-2000:], file=sys.stderr)
        return None


def main() -> None:
    """Write the networks, run the exports in turn, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer", help="interpreter of an environment with onnx2tf")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    root = Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pictures").mkdir()
        pictures(folder / "pictures")
        write(Detector(), (1, 3, SIZE, SIZE), folder / "detector.onnx")
        write(Recogniser(), (1, 3, 48, 320), folder / "recogniser.onnx")
        jobs = {
            "detector, int8, 32 pictures": (
                f"{folder}/detector.onnx --quant int8 --mean 0,0,0 --std 1,1,1 "
                f"--calib {folder}/pictures --out {folder}/a",
                "-i detector.onnx -oiqt -o b -cind input calibration.npy "
                "[[[[0,0,0]]]] [[[[1,1,1]]]]",
            ),
            "recogniser, float32": (
                f"{folder}/recogniser.onnx --out {folder}/c",
                "-i recogniser.onnx -o d",
            ),
        }
        nodes = {
            name: len(onnx.load(folder / f"{name}.onnx", load_external_data=False).graph.node)
            for name in ("detector", "recogniser")
        }
        print(f"detector: {nodes['detector']} nodes, recogniser: {nodes['recogniser']} nodes")
        print(f"median of {arguments.runs} runs\n\n| job | seconds | onnx2tf | ratio |")
        print("|---|---|---|---|")
        for job, (own, peer) in jobs.items():
            mine: list[float] = []
            theirs: list[float | None] = []
            for _ in range(arguments.runs):
                command = [sys.executable, "-m", "export", *own.split()]
                mine.append(seconds(command, root))
                if arguments.peer:
                    command = [arguments.peer, "-m", "onnx2tf", *peer.split()]
                    theirs.append(seconds_of_peer(command, folder))
            print(
                f"| {job} | {statistics.median(mine):.1f} | {_beside(mine, theirs)} |", flush=True
            )


def _beside(mine: Sequence[float], theirs: Sequence[float | None]) -> str:
    """Return the cells of onnx2tf: seconds, and how many times ours; or that it fails."""
    done = [one for one in theirs if one is not None]
    if not done:
        return "fails |" if theirs else "|"
    median = statistics.median(done)
    return f"{median:.1f} | {median / statistics.median(mine):.1f}"


if __name__ == "__main__":
    main()
