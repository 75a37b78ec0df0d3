"""What is said of inputs and outputs: what is known, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import onnx_ir as ir
import pytest
from torch import nn

from _edgeship.export.calibration.preprocess import Preprocess, raw_pixels
from _edgeship.export.contract.port_words import PortWords, input_words, output_words
from _edgeship.export.contract.request import Request
from _edgeship.export.contract.target import Job
from _edgeship.export.network.definition import LiveModule
from _edgeship.export.network.network import Network

IMAGENET = Preprocess((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = Preprocess((0.5,) * 3, (0.5,) * 3)


def value(name: str, *shape: int) -> ir.Value:
    return ir.Value(name=name, shape=ir.Shape(shape), type=ir.TensorType(ir.DataType.FLOAT))


def job(
    shape: tuple[int, ...] = (1, 3, 8, 8),
    scores: tuple[int, ...] = (1, 4),
    last: tuple[str, ...] = (),
    axis: int = -1,
    own: Preprocess | None = None,
    classifier: bool = False,
    request: Request | None = None,
    **fields: Any,
) -> Job:
    """Return a job whose graph ends in operators, the last of which only hands on."""
    x, end = value("x", *shape), value("y", *scores)
    nodes, results = [], [value(f"v{number}", *scores) for number in range(len(last))]
    source = x
    for kind, result in zip(last, [*results[:-1], end], strict=True) if last else ():
        attributes = {"axis": axis} if kind == "Softmax" else {}
        nodes.append(ir.node(kind, [source], attributes, outputs=[result]))
        source = result
    if not last:
        nodes.append(ir.node("Neg", [x], outputs=[end]))
    graph = ir.Graph([x], [end], nodes=nodes, opset_imports={"": 18}, name="g")
    network = Network(
        "net", (shape,), LiveModule(nn.Identity()), "", preprocess=own, classifier=classifier
    )
    request = request or Request("net")
    return Job(
        request, network, {}, ir.Model(graph, ir_version=10), "", [], [], [], **fields,
        **({} if "preprocess" in fields else {"preprocess": None}), schemes=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("preprocess", "words"),
    [
        (HALF, "RGB picture of 8x8, -1 to 1"),
        (Preprocess((0.0,) * 3, (1.0,) * 3, bgr=True), "BGR picture of 8x8, 0 to 1"),
        (raw_pixels(3), "RGB picture of 8x8, 0 to 255"),
        (
            IMAGENET,
            "RGB picture of 8x8, each value / 255, minus (0.485, 0.456, 0.406), divided by "
            "(0.229, 0.224, 0.225)",
        ),
    ],
)
def test_pictures(preprocess: Preprocess, words: str) -> None:
    found = input_words(job(preprocess=preprocess, own=preprocess))
    assert found == {"x": PortWords(words, pixels="picture of 8x8, 0 to 255")}


def test_shapes_of_pictures() -> None:
    grey = Preprocess((0.0,), (1.0,))
    found = input_words(job((1, 1, 8, 12), preprocess=grey, own=grey))["x"].description
    assert found == "grayscale picture of 12x8 (width x height), 0 to 1"
    last = job((1, 8, 12, 3), preprocess=HALF, own=HALF, nhwc=frozenset({"x"}))
    assert input_words(last)["x"].pixels == "picture of 12x8 (width x height), 0 to 255"
    clip = job((1, 3, 16, 8, 8), preprocess=HALF, own=HALF)
    assert input_words(clip)["x"].description == "RGB clip of 16 frames of 8x8, -1 to 1"


def test_what_is_only_assumed_of_pictures_is_not_said() -> None:
    assumed = job(preprocess=IMAGENET)
    assert input_words(assumed) == {"x": PortWords(pixels="picture of 8x8, 0 to 255")}
    other = replace(assumed, network=replace(assumed.network, preprocess=Preprocess((0,), (1,))))
    assert input_words(other)["x"].description == ""
    said = Request("net", mean=IMAGENET.mean, std=IMAGENET.std)
    assert input_words(job(preprocess=IMAGENET, request=said))["x"].description
    assert input_words(job(preprocess=None)) == {"x": PortWords()}


@pytest.mark.parametrize(
    ("last", "axis", "scores"),
    [
        ((), 0, "logits"),
        (("Softmax",), -1, "probabilities"),
        (("Softmax", "Identity", "Cast"), 1, "probabilities"),
        (("Sigmoid", "Identity"), 0, "probabilities"),
        (("Softmax",), 0, "logits"),  # over the batch
        (("Softmax", "Relu"), 1, "logits"),
    ],
)
def test_scores_are_what_the_graph_ends_in(last: tuple[str, ...], axis: int, scores: str) -> None:
    labels = {"y": tuple("abcd")}
    [words] = output_words(job(last=last, axis=axis, labels=labels)).values()
    assert (words.scores, words.labels) == (scores, "labels.txt")
    kind = "scores" if scores == "logits" else scores
    assert words.description == f"{kind} of 4 classes"


def test_outputs_that_nobody_has_named_are_described_as_far_as_they_are_known() -> None:
    assert output_words(job()) == {"y": PortWords()}
    known = PortWords("scores of 4 classes", scores="logits")
    assert output_words(job(classifier=True)) == {"y": known}
    found = output_words(job(last=("Softmax",)))["y"]
    assert found == PortWords("4 probabilities", scores="probabilities")
    assert output_words(job(last=("Sigmoid",)))["y"] == PortWords()
    part = Request("net", outputs=("y",))
    assert output_words(job(classifier=True, request=part)) == {"y": PortWords()}
    maps = output_words(job(scores=(1, 4, 9, 9), labels={"y": tuple("abcd")}))["y"]
    assert maps == PortWords("scores of 4 classes at each place", "labels.txt", "logits")
