import hashlib
from pathlib import Path
from typing import Any

import pytest

from _edgeship.device_bench.studies import zoo
from _edgeship.device_bench.studies.zoo import Chosen, choose, prepare
from _edgeship.errors import InputError
from _edgeship.export import pipeline
from _edgeship.export.contract.manifest import Artifact, GraphFile, Manifest, versions
from _edgeship.export.contract.request import Request
from _edgeship.export.pipeline import Result
from _edgeship.export.tflite.schemes import SCHEMES
from _edgeship.models.weights.pretrained import shipped_names


def test_the_default_is_figure_1_of_the_paper() -> None:
    found = choose([], None)
    assert len(found) == 4 * 4 + 1  # the paper has a fifth MobileNet V2, of width 0.6
    assert {one.model.rpartition("_x")[0] for one in found} == {
        "shufflenet_v2",
        "mobilenet_v2",
        "shufflenet_v1_g3",
        "xception_like",
    }


def test_with_our_weights_the_default_is_what_has_some() -> None:
    found = choose([], "cifar10")
    assert {one.model for one in found} <= set(shipped_names())
    assert Chosen("effnet", "cifar10") in found


def test_patterns_name_each_network_once() -> None:
    found = choose(["shufflenet_v2", "shufflenet_v2_x1_*", "effnet"], None)
    assert found == [Chosen("shufflenet_v2_x1_0"), Chosen("shufflenet_v2_x1_5"), Chosen("effnet")]


def test_networks_and_checkpoints_of_the_users_are_taken_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "mine.pth").write_bytes(b"weights")
    mine = str(tmp_path / "mine.pth")
    words = ["net.py:build", f"net.py:build={mine}", "a.onnx", f"effnet={mine}", "effnet"]
    found = choose(words, "cifar10")
    assert found == [
        Chosen("net.py:build"),
        Chosen("net.py:build", mine),
        Chosen("a.onnx"),
        Chosen("effnet", mine),
        Chosen("effnet", "cifar10"),
    ]
    assert [one.trained for one in choose(["net.py:build", "effnet"], None)] == [True, False]
    folders = [one.folder for one in found]
    assert folders == [
        "net.py_build-own", "net.py_build-mine.pth", "a.onnx-own", "effnet-mine.pth",
        "effnet-cifar10",
    ]  # fmt: skip
    with pytest.raises(InputError, match=r"checkpoint none\.pth does not exist"):
        choose(["effnet=none.pth"], None)
    with pytest.raises(InputError, match="a checkpoint belongs to one"):
        choose([f"effnet*={mine}", f"mobilenet*={mine}"], None)


def test_two_checkpoints_of_one_name_are_refused(tmp_path: Path) -> None:
    words = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "best.pth").touch()
        words.append(f"effnet={tmp_path / name / 'best.pth'}")
    with pytest.raises(InputError, match=r"in one folder, effnet-best\.pth"):
        choose(words, None)
    assert len(choose([words[0], words[0]], None)) == 1


def test_a_pattern_without_a_match_is_refused() -> None:
    with pytest.raises(InputError, match="No model's name matches 'nothing\\*'"):
        choose(["effnet", "nothing*"], None)


class _Exports:
    """Stands in for the export: writes files whose content is their name, and counts."""

    def __init__(self, weights: dict[str, Any]) -> None:
        self.weights = weights
        self.asked: list[tuple[str, ...]] = []
        self.versions = versions()

    def __call__(self, request: Request) -> Result:
        self.asked.append(request.schemes)
        assert request.out is not None
        request.out.mkdir(parents=True, exist_ok=True)
        artifacts = []
        for scheme in request.schemes:
            path = request.out / f"{request.model}_{SCHEMES[scheme].suffix}.tflite"
            path.write_text(path.name)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            artifacts.append(
                Artifact(
                    file=path.name,
                    scheme=scheme,
                    size=1,
                    sha256=digest,
                    inputs=[],
                    outputs=[],
                    operators={},
                )
            )
        published = {"paper": "A paper", "mult_adds": 146e6, "top1_error": 30.6}
        if "test_accuracy" in self.weights:
            published.update(mult_adds=None, top1_error=None)
        manifest = Manifest(
            versions=self.versions,
            model={"name": request.model, "mult_adds": 144_908_032, "published": published},
            weights={"source": "x", "untrained": not self.weights, **self.weights},
            preprocess=None,
            calibration=None,
            verification={"reference": "torch"},
            onnx=GraphFile(file="x.onnx", sha256=""),
            stages=[],
            artifacts=artifacts,
        )
        (request.out / "manifest.json").write_text(manifest.model_dump_json())
        return Result((), (), (), manifest)


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch) -> _Exports:
    fake = _Exports({})
    monkeypatch.setattr(pipeline, "export", fake)
    return fake


NAME = "shufflenet_v2_x1_0"


def _prepare(folder: Path, *schemes: str, weights: str | None = None) -> list[zoo.Entry]:
    return prepare(Chosen(NAME, weights), schemes, folder, lambda model: None)


def test_what_is_there_is_not_exported_again(tmp_path: Path, exports: _Exports) -> None:
    first = _prepare(tmp_path, "none", "int8")
    assert _prepare(tmp_path, "none", "int8") == first
    assert _prepare(tmp_path, "int8") == first[1:]
    assert exports.asked == [("none", "int8")]


def test_another_scheme_is_exported_with_those_that_are_there(
    tmp_path: Path, exports: _Exports
) -> None:
    _prepare(tmp_path, "int8")
    _prepare(tmp_path, "none")
    _prepare(tmp_path, "int8")
    assert exports.asked == [("int8",), ("none", "int8")]


def test_a_changed_file_is_exported_again(tmp_path: Path, exports: _Exports) -> None:
    (entry,) = _prepare(tmp_path, "int8")
    entry.path.write_text("something else")
    _prepare(tmp_path, "int8")
    assert len(exports.asked) == 2


def test_files_of_other_versions_are_exported_again(tmp_path: Path, exports: _Exports) -> None:
    exports.versions = {**versions(), "edgeship": "0.0.1"}
    _prepare(tmp_path, "int8")
    exports.versions = versions()
    _prepare(tmp_path, "int8")
    _prepare(tmp_path, "int8")
    assert len(exports.asked) == 2


def test_weights_have_folders_of_their_own(tmp_path: Path, exports: _Exports) -> None:
    _prepare(tmp_path, "int8")
    _prepare(tmp_path, "int8", weights="imagenet")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{NAME}-imagenet",
        f"{NAME}-untrained",
    ]


def test_an_entry_knows_name_cost_and_the_papers_figures(tmp_path: Path, exports: _Exports) -> None:
    (entry,) = _prepare(tmp_path, "int8")
    assert (entry.family, entry.width) == ("shufflenet_v2", "x1_0")
    assert entry.mult_adds == 144_908_032
    assert entry.paper_speed == 24.4
    assert entry.accuracy is not None
    assert entry.accuracy.percent == pytest.approx(69.4)
    assert "untrained" in entry.accuracy.source
    assert not entry.accuracy.of_file


@pytest.mark.parametrize(
    ("weights", "percent", "source", "speed"),
    [
        ({"test_accuracy": 82.96, "dataset": "cifar10.zip"}, 82.96, "cifar10.zip", None),
        (
            {"top1_accuracy": 69.362, "publisher": "torchvision", "dataset": "ImageNet-1k"},
            69.362,
            "torchvision",
            24.4,
        ),
    ],
)
def test_trained_weights_bring_their_own_accuracy(
    tmp_path: Path,
    exports: _Exports,
    weights: dict[str, Any],
    percent: float,
    source: str,
    speed: float | None,
) -> None:
    exports.weights = weights
    (entry,) = _prepare(tmp_path, "int8", weights="imagenet")
    assert entry.accuracy is not None
    assert entry.accuracy.percent == percent
    assert source in entry.accuracy.source
    assert entry.paper_speed == speed


def test_another_checkpoint_is_exported_again(tmp_path: Path, exports: _Exports) -> None:
    checkpoint = tmp_path / "mine.pth"
    checkpoint.write_bytes(b"first")
    for content, count in ((b"first", 1), (b"first", 1), (b"second", 2)):
        checkpoint.write_bytes(content)
        exports.weights = {"sha256": hashlib.sha256(content).hexdigest()}
        _prepare(tmp_path / "zoo", "int8", weights=str(checkpoint))
        assert len(exports.asked) == count
