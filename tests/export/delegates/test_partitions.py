from __future__ import annotations

from collections.abc import Sequence

from _edgeship.export.delegates.operation import Operand, Operation
from _edgeship.export.delegates.partitions import on_one_piece, pieces

#: Tensor 0 is the input of the file; tensors from 90 on are constants.
CONSTANT = 90


def op(inputs: Sequence[int], output: int, kind: str = "ABS", dtype: str = "float32") -> Operation:
    read = tuple(Operand(one, (4,), dtype, constant=one >= CONSTANT) for one in inputs)
    return Operation(kind, 1, read, (Operand(output, (4,), "float32"),))


def chain(count: int) -> list[Operation]:
    return [op([place], place + 1) for place in range(count)]


def test_a_chain_falls_apart_where_an_operator_is_left() -> None:
    assert pieces(chain(6), {0, 1, 3, 4, 5}) == [[0, 1], [3, 4, 5]]


def test_an_operator_beside_the_way_does_not_cut_it() -> None:
    # 1 is left, and only 3, at the end, needs it.
    graph = [op([0], 1), op([0], 2), op([1], 3), op([2, 3], 4)]
    assert pieces(graph, {0, 2, 3}) == [[0, 2], [3]]


def test_the_first_operator_that_can_run_says_what_the_first_piece_is_of() -> None:
    # 0 is left, but 1 needs nothing of it: it waits for the first piece nevertheless.
    graph = [op([0], 1), op([0], 2), op([1, 2], 3)]
    assert pieces(graph, {1, 2}) == [[1, 2]]


def test_a_delegate_of_one_piece_runs_the_largest() -> None:
    assert on_one_piece(chain(6), {0, 1, 3, 4, 5}) == [3, 4, 5]
    assert on_one_piece(chain(3), set()) == []


def test_constants_are_unpacked_there_only_where_all_else_runs_there() -> None:
    unpack = op([CONSTANT], 1, "DEQUANTIZE", "float16")
    graph = [op([0], 2), unpack, op([2, 1], 3), op([3], 4)]
    assert on_one_piece(graph, {0, 2, 3}) == [0, 1, 2, 3]
    assert on_one_piece(graph, {2, 3}) == [2, 3]
