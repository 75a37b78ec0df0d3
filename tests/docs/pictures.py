"""`python -m tests.docs.pictures [DEVICE]`: the pictures of the bench's report in docs/images.

A network is exported in three schemes and measured, on the virtual device by default, whose figures
are the same everywhere; Chromium draws the report. On ``local`` they are times of this computer:
make them when it does nothing else.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images" / "bench"

NETWORK = "shufflenet_v2_x0_5"
SCHEMES = ("fp32", "fp16", "int8")

#: Name of the picture -> width and height of the window in pixels.
PICTURES = {"report.png": (1100, 1290), "report-phone.png": (390, 844)}

#: Colours of a picture: pages have few, and files are a fifth as large.
_COLORS = 128


def tool(folder: Path, *words: object) -> None:
    """Run a command of ours in a folder; it prints to standard error what it does."""
    program = "from edgeship.cli import main; main()"
    argv = [sys.executable, "-c", program, *map(str, words)]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, cwd=folder)  # noqa: S603


def draw(page: Path, picture: Path, width: int, height: int) -> None:
    """Take a picture of the top of a page."""
    argv = ["chromium", "--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu"]
    argv += [f"--window-size={width},{height}", f"--screenshot={picture}", page.as_uri()]
    subprocess.run(argv, check=True, capture_output=True)  # noqa: S603
    with Image.open(picture) as drawn:
        drawn.convert("RGB").quantize(_COLORS, dither=Image.Dither.NONE).save(
            picture, optimize=True
        )


def main() -> None:
    """Make all of them."""
    [device] = sys.argv[1:] or ["virtual"]
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page = folder / "report.html"
        schemes = ("--quant", "none,fp16,int8", "--calib", "random")
        tool(folder, "export", NETWORK, *schemes, "--out", "files")
        files = [f"files/{NETWORK}_{scheme}.tflite" for scheme in SCHEMES]
        tool(folder, "bench", "run", *files, "--device", device, "--store", "bench.sqlite")
        tool(folder, "bench", "report", "--store", "bench.sqlite", "--out", page)
        for picture, (width, height) in PICTURES.items():
            draw(page, IMAGES / picture, width, height)
            print(IMAGES / picture)


if __name__ == "__main__":
    main()
