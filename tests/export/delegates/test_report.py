from __future__ import annotations

from _edgeship.export.delegates.report import DelegateReport, Left

LEFT = (
    Left("RESHAPE", "too many axes", 3, "clip/view/2"),
    Left("RESHAPE", "too many axes", 5, "other"),
    Left("CAST", "", 7, "clip"),
)


def test_it_says_what_was_taken() -> None:
    report = DelegateReport("GPU", 9, 6, 2, LEFT, "Card", True, "float32")
    assert report.in_words == (
        "GPU takes 6 of 9 operators in 2 partitions; Card, a software driver; computed in float32"
    )


def test_operators_left_for_one_reason_are_shown_once() -> None:
    found = DelegateReport("XNNPACK", 9, 6, 1, LEFT).alike()
    assert [(one.index, count) for one, count in found] == [(3, 2), (7, 1)]


def test_a_tensor_names_the_node_that_computes_it_or_what_it_was_made_of() -> None:
    report = DelegateReport("XNNPACK", 9, 6, 1, LEFT)
    nodes = {"clip/view": "Reshape a", "clip": "Clip b"}
    assert [one.node for one in report.with_nodes(nodes).left] == ["Reshape a", "", "Clip b"]
