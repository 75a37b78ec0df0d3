"""What files say of inputs and outputs of every kind: layouts, colours, clips, quantized types."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper
from torch import nn

from _edgeship.export.calibration.preprocess import Preprocess, normalize
from _edgeship.export.contract.about import About
from _edgeship.export.contract.request import Request
from _edgeship.export.contract.target import Job
from _edgeship.export.detection.nms import Rules
from _edgeship.export.detection.reading import Reading
from _edgeship.export.network.definition import LiveModule
from _edgeship.export.network.network import Network
from _edgeship.export.runtimes.tflite_ports import FileIO, PortSpec
from _edgeship.export.tflite.described_file import contents_of, picking_contents
from _edgeship.export.tflite.metadata.contents import About as TheNetwork
from _edgeship.export.tflite.metadata.contents import Contents, Tensor
from _edgeship.export.tflite.picking import Picking

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.25)


def contents(
    shape: Sequence[int],
    perm: Sequence[int],
    preprocess: Preprocess | None,
    nhwc: bool = False,
    labels: Sequence[str] = (),
    op: str = "Identity",
    sha256: str | None = None,
) -> Contents:
    """What a file says of a network with one input, in the axis order of the file."""
    graph = helper.make_graph(
        [helper.make_node(op, ["scores_in"], ["scores"]), helper.make_node("Relu", ["x"], ["y"])],
        "net",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, shape),
            helper.make_tensor_value_info("scores_in", TensorProto.FLOAT, (1, 3)),
        ],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, (1, 3))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    network = Network(
        "net", (tuple(shape),), LiveModule(nn.Identity()), "weights.pth", weights_sha256=sha256
    )
    job = Job(
        request=Request("net"),
        network=network,
        model={},
        graph=ir.from_proto(model),
        onnx_sha256="0123456789ab" * 5,
        samples=[],
        checked=[],
        reference=[],
        preprocess=preprocess,
        schemes=(),
        nhwc=frozenset(["x"] if nhwc else []),
        labels={"scores": tuple(labels)} if labels else {},
        about=About(license="MIT"),
    )
    there = tuple(shape[axis] for axis in perm)
    ports = (
        PortSpec("x", there, tuple(perm)),
        PortSpec("scores_in", (1, 3), (0, 1)),
    )
    return contents_of(job, FileIO(ports, (PortSpec("scores", (1, 3), (0, 1)),)), None)


@pytest.mark.parametrize(
    ("shape", "perm", "nhwc", "axes"),
    [
        ((1, 3, 8, 6), (0, 2, 3, 1), False, "NHWC"),
        ((1, 3, 8, 6), (0, 1, 2, 3), False, "NCHW"),
        ((1, 8, 6, 3), (0, 1, 2, 3), True, "NHWC"),
        ((1, 8, 6, 3), (0, 3, 1, 2), True, "NCHW"),
        ((1, 3, 4, 8, 6), (0, 2, 3, 4, 1), False, "NDHWC"),
    ],
)
def test_axes_and_sizes_are_those_of_the_file(
    shape: Sequence[int], perm: Sequence[int], nhwc: bool, axes: str
) -> None:
    said = contents(shape, perm, Preprocess(MEAN, STD), nhwc).inputs[0]
    assert said.axes == axes
    assert said.picture is not None
    assert said.picture.size == ((8, 6) if len(axes) == 4 else None)
    assert said.picture.colors == "RGB"


@pytest.mark.parametrize("bgr", [False, True])
def test_normalising_as_the_metadata_say_is_what_the_network_takes(bgr: bool) -> None:
    """By the schema's formula, ``(value - mean) / std`` on values of 0 to 255."""
    preprocess = Preprocess(MEAN, STD, bgr=bgr)
    [said, _] = contents((1, 3, 8, 6), (0, 2, 3, 1), preprocess).inputs
    assert said.picture is not None
    assert said.picture.colors == ("" if bgr else "RGB")
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 6)).astype(np.uint8)
    mean, std = (np.array(one)[:, None, None] for one in (said.picture.mean, said.picture.std))
    np.testing.assert_allclose((pixels - mean) / std, normalize(pixels, preprocess), atol=1e-6)


def test_one_number_stands_for_channels_that_are_alike() -> None:
    table = contents((1, 3, 8, 6), (0, 2, 3, 1), Preprocess((0.5,) * 3, (0.5,) * 3)).table()
    [first, _] = table["subgraph_metadata"][0]["input_tensor_metadata"]
    [unit] = first["process_units"]
    assert unit["options"] == {"mean": [127.5], "std": [127.5]}
    assert first["stats"] == {"max": [1.0], "min": [-1.0]}


def test_means_that_differ_take_a_std_for_each_channel_too() -> None:
    table = contents((1, 3, 8, 6), (0, 2, 3, 1), Preprocess(MEAN, (0.5,) * 3)).table()
    [unit] = table["subgraph_metadata"][0]["input_tensor_metadata"][0]["process_units"]
    assert unit["options"] == {"mean": [127.5, 102.0, 76.5], "std": [127.5] * 3}


def test_other_inputs_are_features_of_which_nothing_is_made_up() -> None:
    said = contents((1, 7), (0, 1), None)
    assert all(one.picture is None and not one.description for one in said.inputs)
    [first, _] = said.table()["subgraph_metadata"][0]["input_tensor_metadata"]
    assert first["content"]["content_properties_type"] == "FeatureProperties"
    assert "process_units" not in first


def test_what_nobody_says_is_left_empty_or_measured() -> None:
    about = contents((1, 7), (0, 1), None).about
    assert (about.name, about.author, about.license) == ("net", "", "MIT")
    assert about.version == "0123456789ab"
    # What has no digest may be called anything: equal networks are to give equal bytes.
    assert about.description == "net."
    known = contents((1, 7), (0, 1), None, sha256="ab" * 32).about
    assert known.description == "net. Weights: weights.pth."


def test_labels_are_beside_the_output_and_probabilities_have_bounds() -> None:
    said = contents((1, 7), (0, 1), None, labels=("a", "b", "c"), op="Softmax")
    [scores] = said.outputs
    assert (scores.labels, scores.bounds) == ("labels.txt", (0.0, 1.0))
    assert said.files == {"labels.txt": b"a\nb\nc\n"}
    [scores] = contents((1, 7), (0, 1), None).outputs
    assert (scores.labels, scores.bounds) == ("", None)


def test_a_file_that_picks_boxes_names_their_classes_by_number() -> None:
    """Its outputs are those of the operator, in its order, and then what was not used for it."""
    outputs = [Tensor("more"), Tensor("scores", labels="labels.txt"), Tensor("boxes")]
    given = Contents(TheNetwork("net"), [], outputs, {"labels.txt": b"a\nb\n"})
    reading = Reading(2, 1, 2, 2, corners=True, objectness=False)
    table = picking_contents(given, Picking(reading, Rules())).table()
    said = table["subgraph_metadata"][0]["output_tensor_metadata"]
    assert [one["name"] for one in said] == ["boxes", "classes", "scores", "count", "more"]
    files = [one.get("associated_files", []) for one in said]
    assert [one["type"] for one in files[1]] == ["TENSOR_VALUE_LABELS"]
    assert not any(files[:1] + files[2:])
