"""The demo's screen: bundles and pictures by path, picker and camera, and what it refuses."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from _edgeship.export.calibration.preprocess import Preprocess, load_image
from tests.android.on_jvm import AppOnJvm
from tests.android.process import AppProcess

pytestmark = pytest.mark.slow

_IMAGES = sorted((Path(__file__).parents[2] / "export/calibration/images").glob("*.jpg"))
_CAMERA = "Use the camera"
_BUNDLE = "/data/local/tmp/w/bundle"
_LABELS = "airplane automobile bird cat deer dog frog horse ship truck".split()  # noqa: SIM905


@pytest.fixture
def app(app: AppOnJvm, bundle: Path) -> AppOnJvm:
    """The app, with a bundle and its labels on the phone."""
    for file in bundle.iterdir():
        app.push(f"{_BUNDLE}/{file.name}", file.read_bytes())
    app.push(f"{_BUNDLE}/labels.txt", "\n".join(_LABELS).encode())
    return app


def _show(app: AppOnJvm, **extras: object) -> AppProcess:
    process = app.process("dev.edgeship.bench:demo")
    process.ask("start", activity="dev.edgeship.bench.DemoActivity", extras=extras)
    return process


def _picture(app: AppOnJvm, number: int) -> str:
    """Push a photograph as a PNG, which all decoders read the same way."""
    local = app.root / "picture.png"
    image = Image.open(_IMAGES[number]).convert("RGB")
    # Wide: how tall ones are resized depends on the version of Pillow.
    image.crop((0, 0, image.width, min(image.height, image.width))).save(local)
    return app.push(f"/data/local/tmp/w/{number}.png", local.read_bytes())


def _expected(app: AppOnJvm, bundle: Path, picture: str) -> str:
    """Return the label that Python finds."""
    manifest = json.loads((bundle / "manifest.json").read_text())
    artifact, known = manifest["artifacts"][0], manifest["preprocess"]
    preprocess = Preprocess(tuple(known["mean"]), tuple(known["std"]), known["crop"])
    _, height, width, _ = artifact["inputs"][0]["shape"]
    interpreter = Interpreter(str(bundle / artifact["file"]), num_threads=1)
    interpreter.allocate_tensors()
    fed = load_image(app.path(picture), (height, width), 3, preprocess)
    interpreter.set_tensor(
        interpreter.get_input_details()[0]["index"], fed.transpose(1, 2, 0)[None]
    )
    interpreter.invoke()
    logits = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
    return _LABELS[int(np.argmax(logits))]


def _answers(app: AppOnJvm, process: AppProcess) -> list[str]:
    """Return the labels on the screen, the best first."""
    app.wait_for("Preprocessing took", process)
    lines = [re.fullmatch(r"[01]\.\d{3} +(.+)", text) for text in app.texts(process)]
    return [line[1] for line in lines if line]


def test_a_picture_by_path_is_classified_as_python_does(app, bundle):
    found, expected = [], []
    process = None
    for number in range(5):
        picture = _picture(app, number)
        if process is None:
            process = _show(app, bundle=_BUNDLE, picture=picture)
        else:
            # What was shown before is gone when this returns.
            process.ask(
                "start", activity="dev.edgeship.bench.DemoActivity", extras={"picture": picture}
            )
        answers = _answers(app, process)
        assert len(answers) == 5
        found.append(answers[0])
        expected.append(_expected(app, bundle, picture))

    assert found == expected


def test_a_folder_a_zip_and_a_picture_come_from_the_picker(app, bundle, tmp_path):
    packed = tmp_path / "bundle.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in app.path(_BUNDLE).iterdir():
            archive.write(file, file.name)
    process = _show(app)
    app.wait_for("Choose what python -m export wrote", process)

    assert process.ask("click", text="Choose a folder")
    tree = "content://documents/tree/primary%3Abundle"
    process.ask("tree_at", uri=tree, path=_BUNDLE)
    process.ask("result", code=1, result=-1, uri=tree)
    app.wait_for("shufflenet_v2_x0_5", process)
    assert process.ask("click", text="Choose a zip")
    zip_path = app.push("/data/user/0/com.documents/b.zip", packed.read_bytes())
    process.ask("share", uri="content://documents/zip", name="b.zip", path=zip_path)
    process.ask("result", code=2, result=-1, uri="content://documents/zip")
    app.wait_for("shufflenet_v2_x0_5", process)
    picture = _picture(app, 3)
    assert process.ask("click", text="Choose a picture")
    process.ask("share", uri="content://documents/picture", name="p.png", path=picture)
    process.ask("result", code=3, result=-1, uri="content://documents/picture")

    assert _answers(app, process)[0] == _expected(app, bundle, picture)
    actions = [asked["action"].rpartition(".")[2] for asked in process.ask("asked")]
    assert actions == ["OPEN_DOCUMENT_TREE", "OPEN_DOCUMENT", "OPEN_DOCUMENT"]


def test_the_other_file_of_a_bundle_can_be_chosen(app):
    process = _show(app, bundle=_BUNDLE, picture=_picture(app, 0))
    first = _answers(app, process)
    [_, other] = [text for text in app.texts(process) if text.endswith(".tflite")]

    assert process.ask("click", text=other)
    app.wait_for("Choose a picture", process)

    assert len(first) == 5
    assert process.alive()


def test_a_camera_needs_permission_and_its_frames_are_classified(app):
    picture = _picture(app, 0)
    app.settings["scene"] = picture
    process = _show(app, bundle=_BUNDLE)
    app.wait_for(_CAMERA, process)

    assert process.ask("click", text=_CAMERA)
    process.ask("grant", yes=False)
    app.wait_for("The camera needs your permission", process)
    assert process.ask("click", text=_CAMERA)
    process.ask("grant", yes=True)

    assert len(_answers(app, process)) == 5
    assert process.ask("click", text="Stop the camera")
    assert process.ask("click", text=_CAMERA)
    app.wait_for("Stop the camera", process)
    process.ask("leave")
    assert process.alive()


def test_a_phone_without_camera_says_so(app):
    process = _show(app, bundle=_BUNDLE)
    app.wait_for(_CAMERA, process)
    process.ask("click", text=_CAMERA)
    process.ask("grant", yes=True)

    app.wait_for("This phone has no camera", process)


def _outside(app: AppOnJvm) -> str:
    return app.push("/data/system/secret.png", app.path(_picture(app, 0)).read_bytes())


def _large(app: AppOnJvm) -> str:
    path = app.path(app.push("/data/local/tmp/w/large.png", b""))
    with path.open("r+b") as file:
        file.truncate((64 << 20) + 1)
    return "/data/local/tmp/w/large.png"


def _cut_off(app: AppOnJvm) -> str:
    whole = app.path(_picture(app, 0)).read_bytes()
    return app.push("/data/local/tmp/w/cut.png", whole[:40])


_PICTURES: dict[str, tuple[Callable[[AppOnJvm], str], str]] = {
    "outside": (_outside, "outside of the folders"),
    "up": (lambda app: "/data/local/tmp/../../system/x.png", "outside of the folders"),
    "no picture": (lambda app: f"{_BUNDLE}/manifest.json", "is no picture"),
    "cut off": (
        lambda app: app.push(
            "/data/local/tmp/w/c.png", app.path(_picture(app, 0)).read_bytes()[:40]
        ),
        "is no picture",
    ),
    "too large": (_large, "too large"),
    "missing": (lambda app: "/data/local/tmp/w/none.png", "is not there"),
}


@pytest.mark.parametrize("name", _PICTURES)
def test_what_is_no_picture_is_refused(app, name):
    make, said = _PICTURES[name]

    process = _show(app, bundle=_BUNDLE, picture=make(app))

    app.wait_for(said, process)
    assert process.alive()
    assert "FATAL" not in process.log


def _linked(app: AppOnJvm) -> str:
    app.push("/data/system/b/manifest.json", app.path(f"{_BUNDLE}/manifest.json").read_bytes())
    app.path("/data/local/tmp/w/link").symlink_to("/data/system/b")
    return "/data/local/tmp/w/link"


_BUNDLES: dict[str, tuple[Callable[[AppOnJvm], str], str]] = {
    "outside": (_linked, "outside of the folders"),
    "no manifest": (lambda app: "/data/local/tmp/w", "no manifest.json"),
    "no zip": (lambda app: f"{_BUNDLE}/labels.txt", "is no zip"),
    "missing": (lambda app: "/data/local/tmp/w/none", "is not there"),
}


@pytest.mark.parametrize("name", _BUNDLES)
def test_what_is_no_bundle_is_refused(app, name):
    make, said = _BUNDLES[name]

    process = _show(app, bundle=make(app))

    app.wait_for(said, process)
    assert process.alive()
    assert "FATAL" not in process.log
