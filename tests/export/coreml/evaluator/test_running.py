from __future__ import annotations

import dataclasses
import itertools
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.coreml.evaluator import Evaluator, run, unknown_operators
from _edgeship.export.coreml.evaluator.mil.program import Feature, MilProgram, Operation, Variable
from _edgeship.export.coreml.evaluator.ops import COMPUTATIONS
from _edgeship.export.coreml.evaluator.ops.registry import Call


def var(name: str, *shape: int, dtype: str = "fp32") -> Variable:
    return Variable(name, dtype, shape)


def const(variable: Variable, value: Any) -> Operation:
    return Operation("const", {}, (variable,), {"val": value, "name": variable.name})


def op(kind: str, output: Variable, **inputs: Any) -> Operation:
    bound = {
        key: (value,) if isinstance(value, str) and key != "dtype" else value
        for key, value in inputs.items()
    }
    return Operation(kind, bound, (output,), {"name": output.name})


def program(
    *operations: Operation, inputs: tuple[Variable, ...] = (var("x", 2),), results: str = "y"
) -> MilProgram:
    return MilProgram(
        specification_version=6,
        opset="CoreML5",
        inputs=tuple(Feature(one.name, "float32", one.shape or ()) for one in inputs),
        outputs=tuple(Feature(name, "float32", ()) for name in results.split()),
        variables=inputs,
        operations=operations,
        results=tuple(results.split()),
        metadata={},
    )


X = np.array([3.0, 5.0], np.float32)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """Adds the operators ``double`` and ``pair``, and records how they are called."""
    recorded: list[Call] = []

    def double(call: Call) -> Any:
        recorded.append(call)
        return np.asarray(call["x"]) * 2

    def pair(call: Call) -> Any:
        recorded.append(call)
        return np.asarray(call["x"]) + 1, np.asarray(call["x"]) + 2

    additions: Mapping[str, Callable[[Call], Any]] = {"double": double, "pair": pair}
    for kind, function in additions.items():
        monkeypatch.setitem(COMPUTATIONS, kind, function)
    return recorded


def test_in_order(calls: list[Call]) -> None:
    chain = program(op("double", var("a", 2), x="x"), op("double", var("y", 2), x="a"))
    np.testing.assert_array_equal(run(chain, {"x": X})["y"], [12, 20])


def test_several_outputs_and_kept_ones(calls: list[Call]) -> None:
    two = Operation("pair", {"x": ("x",)}, (var("a", 2), var("b", 2)))
    both = program(two, op("double", var("y", 2), x="a"), results="y b")
    results = run(both, {"x": X}, keep=["a", "x"])
    assert list(results) == ["a", "b", "x", "y"]
    np.testing.assert_array_equal(results["b"], [5, 7])
    np.testing.assert_array_equal(results["a"], [4, 6])


def test_nobody_can_keep_what_is_not_there(calls: list[Call]) -> None:
    with pytest.raises(InputError, match="'q'"):
        run(program(op("double", var("y", 2), x="x")), {"x": X}, keep=["q"])


def test_results_are_rounded_to_the_type_of_each_output(calls: list[Call]) -> None:
    """float16 has no 2049; with float32 in between, 4098 would come out, which float16 has."""
    x = np.array([2049, 1], np.float32)
    chain = program(
        op("cast", var("h", 2, dtype="fp16"), x="x", dtype="fp16"),
        op("double", var("d", 2, dtype="fp16"), x="h"),
        op("cast", var("y", 2), x="d", dtype="fp32"),
    )
    results = run(chain, {"x": x}, keep=["h", "d"])
    assert results["h"].dtype == results["d"].dtype == np.float16
    assert results["y"].dtype == np.float32
    np.testing.assert_array_equal(results["y"], [4096, 2])


def test_feeds_are_rounded_too(calls: list[Call]) -> None:
    half = program(
        op("double", var("y", 2, dtype="fp16"), x="x"), inputs=(var("x", 2, dtype="fp16"),)
    )
    np.testing.assert_array_equal(run(half, {"x": np.array([2049.0, 1.0])})["y"], [4096, 2])


def test_halves_that_overflow_are_infinite_without_a_warning(calls: list[Call]) -> None:
    half = program(op("double", var("y", 2, dtype="fp16"), x="x"))
    found = run(half, {"x": np.array([60000, 1], np.float32)})["y"]
    assert np.isinf(found[0])


def test_constants_are_expanded_once(calls: list[Call]) -> None:
    chain = program(
        const(var("c", 2, dtype="fp16"), np.array([1, 2], np.float16)),
        op("double", var("d", 2, dtype="fp16"), x="c"),
        op("matmul", var("y"), x="x", y="d"),
    )
    evaluator = Evaluator(chain)
    for _ in range(3):
        assert evaluator.run({"x": X})["y"] == 26
    assert len(calls) == 1


def test_weights_are_converted_once() -> None:
    weight = np.ones((1, 2), np.float16)
    chain = program(
        const(var("w", 1, 2, dtype="fp16"), weight),
        op("linear", var("y", 1), x="x", weight="w"),
        op("linear", var("z", 1), x="x", weight="w"),
    )
    evaluator = Evaluator(chain)
    first, second = (step.tensors["weight"] for step in evaluator._steps)
    assert first is second


def test_a_program_of_constants_alone(calls: list[Call]) -> None:
    alone = program(const(var("y", 2), X), inputs=())
    np.testing.assert_array_equal(run(alone, {})["y"], X)


def test_lists_and_single_arguments(calls: list[Call]) -> None:
    """``values`` is a list even of one variable, and so is what is bound to several."""
    run(program(op("double", var("y", 2), x="x", values=("x",), z=("x", "x"))), {"x": X})
    [call] = calls
    assert isinstance(call["x"], np.ndarray)
    for name, count in (("values", 1), ("z", 2)):
        assert isinstance(call[name], list)
        assert len(call[name]) == count


def test_what_nobody_reads_any_more_is_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    alive: list[weakref.ref[np.ndarray]] = []
    counts: list[int] = []

    def step(call: Call) -> Any:
        counts.append(sum(one() is not None for one in alive))
        result = np.asarray(call["x"]) + 1
        alive.append(weakref.ref(result))
        return result

    monkeypatch.setitem(COMPUTATIONS, "step", step)
    names = ["x", "a", "b", "c", "d", "y"]
    chain = [op("step", var(to, 2), x=of) for of, to in itertools.pairwise(names)]
    run(program(*chain), {"x": X})
    assert counts == [0, 1, 1, 1, 1]
    counts.clear()
    alive.clear()
    run(program(*chain), {"x": X}, keep=["a", "b"])
    assert counts == [0, 1, 2, 3, 3]


def test_unknown_operators_are_named() -> None:
    strange = program(op("warp", var("a", 2), x="x"), op("fold", var("y", 2), x="a"))
    assert unknown_operators(strange) == ["fold", "warp"]
    with pytest.raises(UnsupportedError, match="fold, warp"):
        Evaluator(strange)


def test_an_unknown_operator_set() -> None:
    other = dataclasses.replace(program(const(var("y", 2), X)), opset="Other")
    with pytest.raises(UnsupportedError, match="'Other'"):
        Evaluator(other)


@pytest.mark.parametrize(
    ("feeds", "why"),
    [
        ({}, "inputs of the package"),
        ({"x": X, "z": X}, "inputs of the package"),
        ({"x": np.ones(3, np.float32)}, "shape"),
        ({"x": np.ones((2, 1), np.float32)}, "shape"),
        ({"x": np.ones(2, np.int32)}, "type"),
    ],
)
def test_feeds_that_do_not_fit(calls: list[Call], feeds: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        run(program(op("double", var("y", 2), x="x")), feeds)


def test_a_program_that_says_another_shape_or_type(calls: list[Call]) -> None:
    for output, why in [(var("y", 3), "shape"), (var("y", 2, dtype="int32"), "type")]:
        with pytest.raises(InputError, match=f"y does not have the {why}") as caught:
            run(program(op("double", output, x="x")), {"x": X})
        assert "double (y)" in str(caught.value)


def test_an_operator_that_fails_is_named() -> None:
    broken = program(op("matmul", var("y"), x="x", y=np.ones(3, np.float32)))
    with pytest.raises(InputError, match="cannot be executed") as caught:
        run(broken, {"x": X})
    assert "matmul (y)" in str(caught.value)
    missing = program(op("matmul", var("y"), x="x"))
    with pytest.raises(InputError, match="cannot be executed"):
        run(missing, {"x": X})


def test_open_shapes_are_not_compared(calls: list[Call]) -> None:
    opened = program(
        op("double", Variable("y", "fp32", None), x="x"), inputs=(Variable("x", "fp32", None),)
    )
    np.testing.assert_array_equal(run(opened, {"x": np.ones((1, 3))})["y"], [[2, 2, 2]])


def test_a_small_file_cannot_ask_for_much(calls: list[Call]) -> None:
    Evaluator(program(op("double", var("y", 2**14, 2**14), x="x")))
    with pytest.raises(InputError, match="too large"):
        Evaluator(program(op("double", var("y", 2**14, 2**14 + 1), x="x")))
