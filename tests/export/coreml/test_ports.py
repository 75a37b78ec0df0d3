"""Pictures in and classes out: the adapted graph against the plain one and the formulas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
import pytest

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.calibration.preprocess import Preprocess, normalize
from _edgeship.export.coreml import ports
from _edgeship.export.coreml.ports import Adapted, Ports, adapt, color_of, pixels_of
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.network.capture import read_onnx
from _edgeship.export.runtimes.running import run_onnx
from tests.export.command_line import write_network

IMAGENET = Preprocess((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
LABELS = tuple(f"class {number}" for number in range(10))


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> ir.Model:
    return read_onnx(write_network(tmp_path_factory.mktemp("net") / "small.onnx"), ())


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 16, 16)).astype(np.uint8)


def run(adapted: Adapted) -> np.ndarray:
    [[output]] = run_onnx(serialize(adapted.graph), adapted.samples)
    return output


def test_without_wishes_nothing_changes(graph: ir.Model) -> None:
    sample = {"image": np.zeros((1, 3, 16, 16), np.float32)}
    adapted = adapt(graph, [sample], Ports())
    assert adapted.graph is graph
    assert adapted.samples == adapted.normalized == [sample]
    assert (adapted.images, adapted.scores, adapted.probabilities) == ({}, "", "")


@pytest.mark.parametrize("bgr", [False, True])
def test_a_picture_is_normalised_inside_as_outside(
    graph: ir.Model, picture: np.ndarray, bgr: bool
) -> None:
    preprocess = Preprocess(IMAGENET.mean, IMAGENET.std, bgr=bgr)
    sample = {"image": normalize(picture, preprocess)[None]}
    adapted = adapt(graph, [sample], Ports(pixels=preprocess))
    np.testing.assert_array_equal(adapted.samples[0]["image"][0], picture)
    assert adapted.images == {"image": "BGR" if bgr else "RGB"}
    [[expected]] = run_onnx(serialize(graph), [sample])
    np.testing.assert_allclose(run(adapted), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(adapted.normalized[0]["image"], sample["image"], atol=2e-6)
    # The graph that was given is not changed.
    assert next(iter(graph.graph)).op_type == "Conv"


def test_numbers_that_are_no_picture_stay_what_they_are() -> None:
    values = np.random.default_rng(0).standard_normal((1, 3, 4, 4)).astype(np.float32)
    pixels = pixels_of(values, IMAGENET)
    mean, std = (np.array(v).reshape(1, 3, 1, 1) for v in (IMAGENET.mean, IMAGENET.std))
    np.testing.assert_allclose((pixels / 255 - mean) / std, values, atol=1e-6)
    assert np.abs(pixels - np.rint(pixels)).max() > 0.1


def test_wrong_constants_are_noticed(graph: ir.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way back is not computed with the constants that the package uses."""
    constants = ports._constants
    monkeypatch.setattr(ports, "_constants", lambda p: (constants(p)[0], constants(p)[1] * 255))
    sample = {"image": np.ones((1, 3, 16, 16), np.float32)}
    with pytest.raises(VerificationError, match="would not normalise"):
        adapt(graph, [sample], Ports(pixels=IMAGENET))


def test_grey_pictures_have_their_own_colour() -> None:
    assert color_of(Preprocess((0.5,), (0.5,))) == "GRAYSCALE"


def test_a_classifier_gives_the_softmax_of_the_scores(graph: ir.Model) -> None:
    sample = {"image": np.random.default_rng(1).standard_normal((1, 3, 16, 16), np.float32)}
    adapted = adapt(graph, [sample], Ports(labels=LABELS, scored="scores"))
    assert (adapted.scores, adapted.probabilities) == ("scores", "probabilities")
    [[scores]] = run_onnx(serialize(graph), [sample])
    exponents = np.exp(scores.astype(np.float64))
    np.testing.assert_allclose(run(adapted), exponents / exponents.sum(), rtol=1e-5)


def test_a_network_that_ends_in_probabilities_gets_no_second_softmax(graph: ir.Model) -> None:
    sample = {"image": np.ones((1, 3, 16, 16), np.float32)}
    once = adapt(graph, [sample], Ports(labels=LABELS, scored="scores")).graph
    twice = adapt(once, [sample], Ports(labels=LABELS, scored="probabilities"))
    assert (twice.scores, twice.probabilities) == ("", "probabilities")
    assert [node.op_type for node in twice.graph.graph].count("Softmax") == 1


@pytest.mark.parametrize("shape", [(2, 3, 16, 16), (1, 3, 4, 16, 16)])
def test_what_is_no_single_picture_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    graph: Any = ir.Model(
        ir.Graph(
            [ir.Value(name="clip", shape=ir.Shape(shape), type=ir.TensorType(ir.DataType.FLOAT))],
            [],
            nodes=[],
            opset_imports={"": 18},
        ),
        ir_version=10,
    )
    with pytest.raises(InputError, match="one picture at a time") as caught:
        adapt(graph, [], Ports(pixels=IMAGENET))
    assert "clip" in caught.value.why
