"""What Xcode shows: facts that are known, and nothing made up."""

from __future__ import annotations

import coremltools as ct
from torch import nn

from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.contract.about import About
from _edgeship.export.coreml.description import Description, describe
from _edgeship.export.network.definition import LiveModule
from _edgeship.export.network.network import Network

DIGEST = "0123456789abcdef" * 4
COUNTED = {"mult_adds": 146_000_000, "params": 2_300_000}


def network(**fields) -> Network:
    given = {"name": "net", "shapes": ((1, 3, 8, 8),), "definition": LiveModule(nn.Identity())}
    return Network(**{**given, "weights": "weights.pth", **fields})


def test_a_package_says_what_is_known():
    found = describe(
        network(
            facts={"paper": "A paper (arXiv 1)", "year": 2018},
            training={"publisher": "them", "licence": "MIT", "top1_accuracy": 72.5},
        ),
        COUNTED,
        Preprocess((0.5,), (0.25,)),
        DIGEST,
        About("them", "MIT"),
    )
    assert (found.author, found.license, found.version) == ("them", "MIT", "0123456789ab")
    assert found.short == "net, A paper (arXiv 1), 2018. Weights: weights.pth."
    assert found.entries["edgeship.top1_accuracy"] == "72.5"
    assert found.entries["edgeship.mult_adds"] == "146000000"
    assert found.entries["edgeship.onnx_sha256"] == DIGEST
    assert "grayscale" in found.entries["edgeship.preprocessing"]
    assert "minus mean (0.5), divided by std (0.25)" in found.entries["edgeship.preprocessing"]
    assert "edgeship.url" not in found.entries


def test_what_the_user_says_comes_first_and_what_nobody_says_stays_empty():
    said = describe(network(), COUNTED, None, DIGEST, About("", "", "1.2", "Tells cats from dogs."))
    assert (said.short, said.version) == ("Tells cats from dogs.", "1.2")
    found = describe(network(), COUNTED, None, DIGEST, About())
    assert (found.author, found.license) == ("", "")
    assert "edgeship.preprocessing" not in found.entries
    assert "edgeship.paper" not in found.entries


def test_random_weights_are_called_untrained():
    found = describe(
        network(untrained=True, weights="UNTRAINED: random, seed 0"), COUNTED, None, DIGEST, About()
    )
    assert found.short.startswith("net. UNTRAINED: random weights")
    assert found.entries["edgeship.weights"] == "UNTRAINED: random, seed 0"


def test_it_is_written_into_the_fields_of_a_model():
    model = ct.models.MLModel(tiny_spec(), skip_model_load=True)
    description = Description("short", "me", "MIT", "1", {"key": "value"}, previewed=True)
    description.write(model, {"x": "a number", "other": "of no feature"})
    written = model.get_spec().description
    assert [feature.shortDescription for feature in written.input] == ["a number"]
    assert [feature.shortDescription for feature in written.output] == [""]
    assert (written.metadata.shortDescription, written.metadata.author) == ("short", "me")
    assert (written.metadata.license, written.metadata.versionString) == ("MIT", "1")
    assert dict(written.metadata.userDefined) == {
        "key": "value",
        "com.apple.coreml.model.preview.type": "imageClassifier",
    }


def tiny_spec():
    """A specification with one input and one output."""
    spec = ct.proto.Model_pb2.Model(specificationVersion=4)
    for side, name in ((spec.description.input, "x"), (spec.description.output, "y")):
        feature = side.add(name=name)
        feature.type.multiArrayType.shape.append(1)
        feature.type.multiArrayType.dataType = ct.proto.FeatureTypes_pb2.ArrayFeatureType.FLOAT32
    layer = spec.neuralNetwork.layers.add(name="same", input=["x"], output=["y"])
    layer.activation.linear.alpha = 1
    return spec
