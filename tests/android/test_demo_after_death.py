"""A network with which LiteRT ends the demo's process does not do so again at the next start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.android.on_jvm import AppOnJvm
from tests.android.process import AppProcess
from tests.device_bench.small_files import chain

pytestmark = pytest.mark.slow

_CACHE = "/data/user/0/dev.edgeship.bench/cache"
_BUNDLE = "/data/local/tmp/w/bundle"
_PORT = {"dtype": "float32", "scale": None, "zero_point": None}


@pytest.fixture
def app(app: AppOnJvm) -> AppOnJvm:
    """The app, with a bundle that LiteRT opens."""
    manifest = {
        "model": {"name": "net"},
        "preprocess": {
            **{"color_order": "RGB", "crop": 1.0, "scale": 1 / 255},
            **{"mean": [0.0] * 3, "std": [1.0] * 3},
        },
        "artifacts": [
            {
                "file": "net.tflite",
                "inputs": [{**_PORT, "shape": [1, 8, 8, 3], "layout": "NHWC"}],
                "outputs": [{**_PORT, "shape": [1, 8], "layout": ""}],
            }
        ],
    }
    app.push(f"{_BUNDLE}/manifest.json", json.dumps(manifest).encode())
    app.push(f"{_BUNDLE}/net.tflite", chain())
    return app


def _show(app: AppOnJvm, **extras: object) -> AppProcess:
    process = app.process("dev.edgeship.bench:demo")
    process.ask("start", activity="dev.edgeship.bench.DemoActivity", extras=extras)
    return process


def _die_while_opening(app: AppOnJvm, process: AppProcess) -> Path:
    """Leave what a process leaves that dies inside of LiteRT, and return its path."""
    process.kill()
    app.push(f"{_CACHE}/demo.opening", b"")
    return app.path(f"{_CACHE}/demo.opening")


def test_a_network_that_ended_the_app_is_removed(app: AppOnJvm) -> None:
    process = _show(app, bundle=_BUNDLE)
    app.wait_for("another one than the manifest describes", process)
    assert app.path(f"{_CACHE}/demo/net.tflite").is_file()
    left = _die_while_opening(app, process)

    process = _show(app)
    app.wait_for("ended the app", process)

    assert not left.exists()
    assert not app.path(f"{_CACHE}/demo").exists()
    process.kill()
    app.wait_for("Choose what python -m export wrote", _show(app))


def test_another_network_is_taken_after_one_that_ended_the_app(app: AppOnJvm) -> None:
    left = _die_while_opening(app, _show(app))

    process = _show(app, bundle=_BUNDLE)
    app.wait_for("another one than the manifest describes", process)

    assert not left.exists()
    assert app.path(f"{_CACHE}/demo/net.tflite").is_file()
