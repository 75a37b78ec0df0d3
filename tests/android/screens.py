"""The app's screens, drawn from its own views: `python -m tests.android.screens docs/images/app`.

What is drawn is the real tree of views with the app's own resources, measured and laid out by the
doubles' LinearLayout, ScrollView and so on, and painted with Java2D. It is not what Android paints:
ripples, shadows and the system's bars are missing, and lines may break elsewhere. Times on the
screens are those of this computer.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from _edgeship.device_bench.app.build import build_app
from _edgeship.device_bench.app.resources import RES
from tests.android.on_jvm import AppOnJvm
from tests.android.process import AppProcess, inside
from tests.android.unpacked import Unpacked, unpack
from tests.export.command_line import run
from tests.phone.with_apps import LITERT

#: Android's font, from Debian's fonts-roboto-unhinted; Java's own where that is missing.
FONTS = Path("/usr/share/fonts/truetype/roboto/unhinted/RobotoTTF")

#: Name of a look -> settings of the phone.
LOOKS: dict[str, dict[str, object]] = {
    "light": {},
    "dark": {"night": True},
    "large": {"font_scale": 1.8},
    "rtl": {"locale": "he-IL"},
}

_NETWORK = "shufflenet_v2_x0_5"
_BUNDLE = "/data/local/tmp/bundle"
_IMAGES = Path(__file__).parents[2] / "export/calibration/images"
_LABELS = "airplane automobile bird cat deer dog frog horse ship truck".replace(" ", "\n")

# Look -> the screens that the documents show in it.
_SHOWN = {
    "light": ("bench", "results", "demo", "run"),
    "dark": ("bench", "demo"),
    "large": ("bench",),
    "rtl": ("results",),
}

# Name of a screen -> height of the phone that it is drawn for, in dp: what there is to see.
_HEIGHTS = {"bench": 860, "results": 860, "run": 400, "demo": 940}


def with_litert(app: Unpacked, folder: Path) -> Path:
    """Return a copy of the APK that has a LiteRT library, as far as the app looks."""
    made = folder / "with-litert.apk"
    shutil.copy(app.apk, made)
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("lib/x86_64/libLiteRt.so", b"")
    return made


@contextmanager
def phone(
    app: Unpacked, folder: Path, look: str, bundle: Path, density: float = 2.0
) -> Iterator[AppOnJvm]:
    """Give a phone with a look, with two runs and a bundle on it; its screen is 360 dp wide."""
    folder.mkdir()
    with AppOnJvm(app, LITERT, folder / "root") as own:
        own.settings |= {"density": density, **LOOKS[look]}
        own.settings["apk"] = inside(with_litert(app, folder))
        if FONTS.is_dir():
            own.settings["fonts"] = inside(FONTS)
        for file in bundle.iterdir():
            own.push(f"{_BUNDLE}/{file.name}", file.read_bytes())
        own.push(f"{_BUNDLE}/labels.txt", _LABELS.encode())
        for name in ("int8", "fp32"):
            words = ["--model", f"{_BUNDLE}/{_NETWORK}_{name}.tflite", "--runs", "50"]
            own.start(f"run-{name}", own.order(words)).wait()
        yield own


def show_bench(own: AppOnJvm) -> AppProcess:
    """Show the first screen, after a run."""
    name = f"{_NETWORK}_int8.tflite"
    own.main.ask("share", uri="content://x/m", name=name, path=f"{_BUNDLE}/{name}")
    own.show("MainActivity", action="android.intent.action.VIEW", uri="content://x/m")
    own.wait_for(name)
    own.main.ask("click", text="Run")
    extras = own.main.ask("asked")[-1]["extras"]
    own.main.ask("leave")
    own.start(**extras).wait()
    own.main.ask("come_back")
    own.wait_for(" ms")
    return own.main


def show_results(own: AppOnJvm) -> AppProcess:
    """Show the history."""
    own.show("ResultsActivity")
    own.wait_for(f"{_NETWORK}_int8.tflite")
    return own.main


def show_run(own: AppOnJvm) -> AppProcess:
    """Show a run that waits to be in front."""
    own.settings["covered"] = True
    process = own.start("waiting", own.order(["--model", f"{_BUNDLE}/{_NETWORK}_int8.tflite"]))
    own.wait_for("Keep this screen in front", process)
    return process


def show_demo(own: AppOnJvm) -> AppProcess:
    """Show the demo with an answer."""
    local = own.root / "cat.png"
    Image.open(_IMAGES / "cat.jpg").convert("RGB").save(local)
    picture = own.push("/data/local/tmp/cat.png", local.read_bytes())
    process = own.process("dev.edgeship.bench:demo")
    extras = {"bundle": _BUNDLE, "picture": picture}
    process.ask("start", activity="dev.edgeship.bench.DemoActivity", extras=extras)
    own.wait_for("Preprocessing took", process)
    return process


SCREENS = {"bench": show_bench, "results": show_results, "demo": show_demo, "run": show_run}


def draw(own: AppOnJvm, name: str, target: Path | None = None) -> list[dict[str, Any]]:
    """Show a screen, draw it to a PNG, and return where each view lies, in dp."""
    process = SCREENS[name](own)
    more = {} if target is None else {"to": "/data/screen.png"}
    places: list[dict[str, Any]] = process.ask("draw", height=_HEIGHTS[name], **more)
    if target is not None:
        # A palette is enough for flat surfaces, and a fraction of the size.
        image = Image.open(own.path("/data/screen.png")).convert("RGB")
        image.quantize(128, dither=Image.Dither.NONE).save(target, optimize=True)
    return places


def main() -> int:
    """Draw the screens that the documents show."""
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    app = unpack(build_app().path, RES)
    work = Path(tempfile.mkdtemp())
    try:
        bundle = work / "bundle"
        words = [_NETWORK, "--weights", "cifar10", "--to", "tflite"]
        run(*words, "--quant", "none,int8", "--out", bundle)
        for look in LOOKS:
            with phone(app, work / look, look, bundle, density=1.5) as own:
                for name in _SHOWN[look]:
                    draw(own, name, target / f"{name}-{look}.png")
    finally:
        shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
