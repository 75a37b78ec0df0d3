"""Names of inputs, outputs and classes: the same in every file, as other readers see them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from torch import nn

import edgeship
from _edgeship.errors import InputError
from _edgeship.export.runtimes.interpreters import open_interpreter
from tests.export.classifier import write_labels
from tests.export.command_line import run, write_network

SPECIES = ("Käfer", "fox", "owl")


class TwoHeads(nn.Module):
    """Says which animal it is, and how it feels; torch's exporter calls these linear, linear_1."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Conv2d(3, 8, 3, 2, 1)
        self.species = nn.Linear(8, 3)
        self.health = nn.Linear(8, 2)

    def forward(self, picture: torch.Tensor) -> dict[str, torch.Tensor]:
        seen = self.body(picture).relu().mean((2, 3))
        return {"species": self.species(seen), "health": self.health(seen).softmax(1)}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> edgeship.Result:
    folder = tmp_path_factory.mktemp("two")
    torch.manual_seed(0)
    return edgeship.export(
        TwoHeads(),
        input_shapes=[(1, 3, 16, 24)],
        to="tflite,coreml,onnx",
        labels={"species": SPECIES, "health": ["well", "ill"]},
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        author="Ann",
        version="1.2",
        out=folder / "out",
    )


@pytest.fixture(scope="module")
def two_heads(exported: edgeship.Result) -> Path:
    return exported.files[0].path.parent


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
    return found


def names_by_others(folder: Path) -> dict[str, tuple[set[str], set[str]]]:
    """Return suffix -> the names of inputs and outputs, as each format's own tools read them."""
    import coremltools

    [tflite], [package], [deployed] = (
        list(folder.glob(f"*_fp32.{suffix}")) for suffix in ("tflite", "mlpackage", "onnx")
    )
    [signature] = open_interpreter(tflite.read_bytes()).get_signature_list().values()
    spec = coremltools.models.MLModel(str(package), skip_model_load=True).get_spec()
    graph = onnx.load(deployed).graph
    return {
        "tflite": (set(signature["inputs"]), set(signature["outputs"])),
        "coreml": (
            {one.name for one in spec.description.input},
            {one.name for one in spec.description.output},
        ),
        "onnx": ({one.name for one in graph.input}, {one.name for one in graph.output}),
    }


def test_all_files_have_the_names_of_the_code(two_heads: Path) -> None:
    expected = ({"picture"}, {"species", "health"})
    assert all(found == expected for found in names_by_others(two_heads).values())
    for artifact in manifest(two_heads)["artifacts"]:
        assert [port["name"] for port in artifact["inputs"]] == ["picture"]
        assert [port["name"] for port in artifact["outputs"]] == ["species", "health"]
        shown = json.loads(run("inspect", two_heads / artifact["file"], "--json")[0])
        ports = [*shown["inputs"], *shown["outputs"]]
        assert {port["name"] for port in ports} == {"picture", "species", "health"}


def test_a_package_with_two_sets_of_classes_is_no_classifier(exported: edgeship.Result) -> None:
    assert any("The packages are no classifiers" in note for note in exported.notes)


def test_ports_say_what_is_known_of_them(two_heads: Path) -> None:
    for artifact in manifest(two_heads)["artifacts"]:
        [picture], [species, health] = artifact["inputs"], artifact["outputs"]
        assert picture["description"] == "RGB picture of 24x16 (width x height), -1 to 1"
        assert species["description"] == "scores of 3 classes"
        assert (species["scores"], species["labels"]) == ("logits", "labels_species.txt")
        assert health["description"] == "probabilities of 2 classes"
        assert (health["scores"], health["labels"]) == ("probabilities", "labels_health.txt")


def test_files_of_classes_lie_beside_and_are_listed(two_heads: Path) -> None:
    found = manifest(two_heads)
    assert found["about"] == {"author": "Ann", "license": "", "version": "1.2", "description": ""}
    listed = {one["output"]: one for one in found["labels"]}
    assert set(listed) == {"species", "health"}
    data = (two_heads / listed["species"]["file"]).read_bytes()
    assert data == "Käfer\nfox\nowl\n".encode()
    assert listed["species"]["count"] == 3
    assert listed["species"]["sha256"] == hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def renamed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ONNX file's input and output with other names, from two exports into one folder."""
    folder = tmp_path_factory.mktemp("renamed")
    network = write_network(folder / "net.onnx")
    labels = write_labels(folder / "classes.txt")
    options = ("--input-names", "photo", "--output-names", "animal", "--labels", labels)
    options = (*options, "--mean", "0,0,0", "--std", "1,1,1", "--out", folder / "out")
    run(network, "--io", "image", *options)
    run(network, "--to", "coreml,onnx", "--quant", "none", *options)
    return folder / "out"


def test_names_can_be_given(renamed: Path) -> None:
    found = names_by_others(renamed)
    assert found["tflite"] == found["onnx"] == ({"photo"}, {"animal"})
    # A classifier has outputs of its own.
    assert found["coreml"] == ({"photo"}, {"classLabel", "classLabel_probs"})
    for file in ("net_fp32.tflite", "net_fp32.mlpackage", "net_fp32.onnx", "net.onnx"):
        run("verify", renamed / file)


def test_both_exports_are_in_the_manifest(renamed: Path) -> None:
    found = manifest(renamed)
    assert [one["file"] for one in found["artifacts"]] == [
        "net_fp32.mlpackage",
        "net_fp32.onnx",
        "net_fp32.tflite",
    ]
    assert found["earlier"] == []
    package, deployed, tflite = found["artifacts"]
    assert package["inputs"][0]["description"] == "RGB picture of 16x16, 0 to 1"
    assert deployed["outputs"][0]["description"] == "scores of 10 classes"
    [name, probabilities] = package["outputs"]
    assert name["description"] == "the name of the likeliest class"
    assert probabilities["description"] == "probabilities of 10 classes, by their names"
    assert (probabilities["labels"], probabilities["scores"]) == ("labels.txt", "probabilities")
    [photo] = tflite["inputs"]
    assert photo["description"] == "RGB picture of 16x16, 0 to 255"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--output-names", "a,b"), "--output-names gives 2 names, and the network has 1 output"),
        (("--labels", "checkpoint"), "do not say which classes they were trained on"),
        (("--labels", "animal=classes.txt"), "names an output animal, and the network has scores"),
    ],
)
def test_what_does_not_fit_the_network_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_labels(tmp_path / "classes.txt")
    network = write_network(tmp_path / "net.onnx")
    _, stderr = run(network, *options, "--out", tmp_path / "out", code=2)
    assert sentence in stderr
    assert not (tmp_path / "out").exists()


def test_checkpoints_bring_their_classes(tmp_path: Path) -> None:
    name = "mobilenet_v2_x0_5"
    run(name, "--weights", "cifar10", "--to", "onnx", "--out", tmp_path)
    found = manifest(tmp_path)
    [port] = found["artifacts"][0]["outputs"]
    assert (port["name"], port["labels"], port["scores"]) == ("output", "labels.txt", "logits")
    names = (tmp_path / "labels.txt").read_text("utf-8").splitlines()
    assert names == found["weights"]["classes"]
    assert (len(names), names[0]) == (10, "airplane")


def test_names_in_the_api_are_checked(tmp_path: Path) -> None:
    def export(**options: Any) -> None:
        network = write_network(tmp_path / "net.onnx")
        edgeship.export(network, out=tmp_path / "out", **options)

    with pytest.raises(InputError, match="'the scores' is no name that all files can have"):
        export(output_names=["the scores"])
    with pytest.raises(InputError, match="names the class 'a' in places 0 and 1"):
        export(labels=["a", "a"])
    with pytest.raises(InputError, match=r"nosuch\.txt does not exist"):
        export(labels="nosuch.txt")
    with pytest.raises(InputError, match="names 2 classes, and no output has that many scores"):
        export(labels=["a", "b"])
