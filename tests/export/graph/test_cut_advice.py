"""Where to cut around nodes: what is advised can be computed without them, and nothing is lost."""

from __future__ import annotations

import pytest
from onnx import parser

from _edgeship.export.graph.cut_advice import advise, find
from _edgeship.export.preparation.cut import cut

HEAD = '<ir_version: 8, opset_import: ["" : 17, "shop" : 1]>'

#: A detector that picks its boxes itself, and gives a map of the picture beside.
DETECTOR = (
    HEAD
    + """
net (float[1,3,8,8] image) => (float[1,3,8,8] map, float[k,4] picked, float[k] best)
<int64[1] most = {10}, float[1] overlap = {0.5}, int64[3] to = {1, -1, 4}, int64[1] at = {1}> {
   stem = Relu(image)
   map = Sigmoid(stem)
   long = Flatten(stem)
   boxes = Reshape(long, to)
   boxes_t = Transpose<perm = [0, 2, 1]>(boxes)
   raw = ReduceMax<axes = [1], keepdims = 1>(boxes_t)
   scores = Sigmoid(raw)
   selected = NonMaxSuppression(boxes, scores, most, overlap)
   index = Gather<axis = 1>(selected, at)
   picked = GatherND(boxes, index)
   best = GatherND(scores, index)
}
"""
)

#: An operator of somebody's own in the middle of a chain.
MIDDLE = (
    HEAD
    + """
net (float[1,8] x) => (float[1,8] y) {
   a = Relu(x)
   b = shop.Mystery(a)
   c = Neg(b)
   d = Exp(c)
   y = Relu(d)
}
"""
)


def test_a_tail_that_picks_boxes_is_cut_before_what_it_reads():
    graph = parser.parse_model(DETECTOR).graph
    assert find(graph, ["selected"]).before == ("map", "boxes", "scores")
    advice = advise(graph, ["selected"])
    assert "--outputs map,boxes,scores" in advice
    assert "--inputs" not in advice


def test_what_is_advised_can_be_cut_out():
    model = parser.parse_model(DETECTOR)
    part = cut(model, outputs=find(model.graph, ["selected"]).before)
    operators = {node.op_type for node in part.graph.node}
    assert "NonMaxSuppression" not in operators and "ReduceMax" in operators


def test_in_the_middle_both_ends_are_named_if_more_lies_behind():
    graph = parser.parse_model(MIDDLE).graph
    advice = advise(graph, ["b"])
    assert "--outputs a" in advice and "--inputs b" in advice
    assert "--inputs" not in advise(graph, ["d"])


def test_what_has_no_fixed_shape_cannot_be_fed():
    graph = parser.parse_model(MIDDLE).graph
    assert "--inputs" not in advise(graph, ["b"], behind=False)
    assert advise(graph, ["a"], behind=False) == ""


def test_at_the_beginning_only_what_comes_behind_is_left():
    graph = parser.parse_model(MIDDLE).graph
    advice = advise(graph, ["a"])
    assert "--inputs a" in advice and "--outputs" not in advice


def test_several_nodes_are_cut_around_at_once():
    graph = parser.parse_model(DETECTOR).graph
    assert find(graph, ["selected", "scores"]).before == ("map", "boxes", "raw")
    assert find(graph, ["selected", "map"]).before == ("stem", "boxes", "scores")


def test_a_tensor_that_the_user_does_not_know_is_no_place_to_cut():
    graph = parser.parse_model(DETECTOR).graph
    known = {"map", "raw", "boxes", "long", "stem"}
    assert find(graph, ["selected"], known).before == ("map", "boxes", "raw")
    assert find(graph, ["selected"], {"stem"}).before == ("stem",)


def test_what_fails_in_a_subgraph_fails_with_its_node():
    text = (
        HEAD
        + """
net (float[1,8] x, bool flag) => (float[1,8] y) {
   a = Relu(x)
   b = If (flag) <
      then_branch = yes () => (float[1,8] t) { inner = shop.Mystery(a)  t = Neg(inner) },
      else_branch = no () => (float[1,8] e) { e = Identity(a) }
   >
   y = Exp(b)
}
"""
    )
    assert find(parser.parse_model(text).graph, ["inner", "t"]).before == ("a",)


def test_sizes_are_no_outputs():
    text = (
        HEAD
        + """
net (float[1,8] x) => (float[1,8] y) {
   a = Relu(x)
   size = Shape(a)
   wide = shop.Mystery(a, size)
   y = Reshape(wide, size)
}
"""
    )
    assert find(parser.parse_model(text).graph, ["wide"]).before == ("a",)


@pytest.mark.parametrize("failed", [[], ["nosuch"]])
def test_without_a_node_that_failed_there_is_no_advice(failed):
    assert advise(parser.parse_model(MIDDLE).graph, failed) == ""


def test_too_many_tensors_are_no_advice():
    lines = "".join(f"   a{i} = Relu(x{i})\n" for i in range(13))
    inputs = ", ".join(f"float[1] x{i}" for i in range(13))
    reads = ", ".join(f"a{i}" for i in range(13))
    text = f"{HEAD}\nnet ({inputs}) => (float[1] y) {{\n{lines}   y = shop.Mystery({reads})\n}}"
    assert advise(parser.parse_model(text).graph, ["y"]) == ""


def test_names_are_one_word_for_a_shell():
    model = parser.parse_model(MIDDLE)
    model.graph.node[0].output[0] = model.graph.node[1].input[0] = "a;0"
    assert "--outputs 'a;0'" in advise(model.graph, ["b"])


def test_a_cut_leaves_no_other_node_whose_shape_depends_on_the_data():
    text = (
        HEAD
        + """
net (float[8] x) => (int64[1,N] y, float[M] z) {
   a = Relu(x)
   b = Abs(x)
   y = NonZero(a)
   places = NonZero(b)
   column = Squeeze(places)
   z = Gather(b, column)
}
"""
    )
    assert find(parser.parse_model(text).graph, ["y"]).before == ("a", "b")


def test_positions_in_a_shape_do_not_depend_on_the_data():
    text = (
        HEAD
        + """
net (float[1,8] x) => (float[1,8] y) {
   a = Relu(x)
   size = Shape(a)
   places = NonZero(size)
   b = shop.Mystery(a)
   c = Cast<to=1>(places)
   y = Mul(b, c)
}
"""
    )
    assert find(parser.parse_model(text).graph, ["b"]).before == ("a",)


def test_scores_of_classes_are_cut_before_they_are_taken_apart():
    count = 6
    places = ", ".join(f"int64 at{i} = {{{i}}}" for i in range(count))
    lines = "".join(
        f"   a{i} = Gather(scores, at{i})\n   more{i} = Greater(a{i}, least)\n"
        f"   y{i} = NonZero(more{i})\n"
        for i in range(count)
    )
    outputs = ", ".join(f"int64[1,N{i}] y{i}" for i in range(count))
    text = (
        f"{HEAD}\nnet (float[6,8] x) => ({outputs})\n<{places}, float least = {{0.5}}> {{\n"
        f"   scores = Sigmoid(x)\n{lines}}}"
    )
    assert find(parser.parse_model(text).graph, ["y0"]).before == ("scores",)
