"""What a case is, how its inputs are bound, and which cases are no tensor programs."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conformance.binding import BESIDE, bindings
from tests.conformance.cases import Case
from tests.conformance.foreign import CLASSES, foreign
from tests.conformance.refusals.refusal import idle_patterns
from tests.conformance.running import TOLERANCES
from tests.conformance.sources import MISSING, all_sources, libonnx_testdata, onnx_wheel

pytestmark = pytest.mark.slow


def _case(name: str) -> Case:
    [case] = (case for case in onnx_wheel().cases if case.name == name)
    return case


def test_debian_has_the_node_cases() -> None:
    source = libonnx_testdata()
    if source is None:
        pytest.skip(MISSING)
    assert len(source.cases) == 932


def test_tolerances_are_for_cases_that_exist() -> None:
    if libonnx_testdata() is None:
        pytest.skip(MISSING)
    names = {case.name for source in all_sources() for case in source.cases}
    assert idle_patterns(TOLERANCES, names) == []


def test_a_case_is_tried_with_all_its_inputs_before_weights_become_constants() -> None:
    conv = _case("test_basic_conv_with_padding")
    whole, bound = bindings(conv)
    assert [port.name for port in whole.model.graph.input] == ["x", "W"] == list(whole.inputs)
    assert [port.name for port in bound.model.graph.input] == ["x"] == list(bound.inputs)
    assert [tensor.name for tensor in bound.model.graph.initializer] == ["W"]
    assert np.array_equal(bound.inputs["x"], conv.data[0][0])


def test_axes_are_bound_before_weights_are() -> None:
    free = [list(way.inputs) for way in bindings(_case("test_slice"))]
    assert free == [["x", "starts", "ends", "axes", "steps"], ["x"]]


def test_what_makes_shapes_alone_travels_beside_an_input() -> None:
    *_, last = bindings(_case("test_range_float_type_positive_delta"))
    assert last.beside
    assert list(last.inputs) == [BESIDE]
    assert {tensor.name for tensor in last.model.graph.initializer} == {"start", "limit", "delta"}


def test_a_case_with_an_activation_is_never_bound_whole() -> None:
    assert all(way.inputs and not way.beside for way in bindings(_case("test_relu")))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("test_relu", ""),
        ("test_string_concat", "strings"),
        ("test_sequence_insert_at_back", "sequences"),
        ("test_cast_FLOAT_to_FLOAT8E4M3FN", "float8"),
        ("test_adam", "training"),
        ("test_training_dropout_default", "training"),
        ("test_bernoulli", "random"),
        ("test_nonzero_example", "how many elements"),
        ("test_if", "which nodes run"),
    ],
)
def test_what_is_no_tensor_program(name: str, says: str) -> None:
    reason = foreign(_case(name))
    assert says in reason
    assert bool(reason) == bool(says)
    assert not reason or reason in CLASSES


def test_the_identity_of_a_case_is_its_model_and_its_inputs() -> None:
    relu, other = _case("test_relu"), _case("test_sigmoid")
    assert relu.identity == Case("another name", relu.model, relu.read).identity
    assert relu.identity != other.identity
    changed = Case(relu.name, relu.model, lambda: ([relu.data[0][0] + 1], relu.data[1]))
    assert relu.identity != changed.identity
