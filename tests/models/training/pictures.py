"""A small data set that a network can learn: two colours and noise."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = {"blue": (40, 60, 200), "red": (200, 60, 40)}


def write_pictures(root: Path, count: int, *, side: int = 32, splits: str = "train test") -> Path:
    """Write `count` PNG pictures of each class into each split of `root`."""
    noise = np.random.default_rng(0)
    for split in splits.split():
        for name, color in CLASSES.items():
            folder = root / split / name
            folder.mkdir(parents=True)
            for index in range(count):
                pixels = np.clip(noise.normal(color, 30, (side, side, 3)), 0, 255)
                Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{index:03}.png")
    return root


def zipped(root: Path) -> Path:
    """Pack a folder of pictures into ROOT.zip."""
    path = root.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(root.rglob("*.png")):
            archive.write(file, file.relative_to(root))
    return path
