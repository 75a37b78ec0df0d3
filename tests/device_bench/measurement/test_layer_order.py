"""The order in which operators run where a delegate leaves some of them out."""

from __future__ import annotations

from _edgeship.device_bench.measurement.layer_order import executed, in_order
from _edgeship.device_bench.results.records import Op, Profile
from _edgeship.export.advice.from_tflite import read_tflite_steps
from _edgeship.export.tflite.reading import OperatorRecord
from tests.device_bench.small_files import network


def _operators(*of: str) -> list[OperatorRecord]:
    """Return operators, each "inputs>output" by numbers of tensors."""
    made = []
    for text in of:
        inputs, _, output = text.partition(">")
        made.append(OperatorRecord("X", 1, tuple(map(int, inputs.split(","))), (int(output),)))
    return made


def test_a_branch_beside_what_was_left_out_runs_before_it() -> None:
    """As in Xception's units: a shortcut with a pool that the delegate does not take, first."""
    # 0: stem; 1: pool of the shortcut, left; 2: its convolution; 3, 4: main branch; 5: sum.
    unit = _operators("0>1", "1>2", "2>3", "1>4", "4>5", "3,5>6")
    assert executed(unit, {1}) == [0, 3, 4, 1, 2, 5]
    assert executed(unit, set()) == [0, 1, 2, 3, 4, 5]
    assert executed(unit, {0, 1, 2, 3, 4, 5}) == [0, 1, 2, 3, 4, 5]


def test_parts_follow_one_another_in_a_chain() -> None:
    chain = _operators("0>1", "1>2", "2>3", "3>4")
    assert executed(chain, {0, 2}) == [0, 1, 2, 3]


def test_operators_that_wait_for_one_another_stay_in_the_files_order() -> None:
    assert executed(_operators("2>1", "1>2", "0>3"), set()) == [2, 0, 1]


def _profile(*ops: tuple[str, bool]) -> Profile:
    made = [Op(index=i, name=name, delegated=taken, time=1) for i, (name, taken) in enumerate(ops)]
    return Profile(ops=tuple(made), total=5)


def test_the_hosts_delegate_is_asked_what_it_leaves_out() -> None:
    data = network().data()
    steps = read_tflite_steps(data, "small")
    ran = _profile(("Convolution IGEMM", True), ("GATHER", False), ("Fully Connected", True))
    assert [step.op for step in in_order(steps, data, ran).steps] == [
        "CONV_2D",
        "GATHER",
        "CONV_2D",
    ]
    # Another delegate left out more than the host's: nothing is known, and nothing changes.
    other = _profile(("CONV_2D", False), ("GATHER", False), ("Fully Connected", True))
    assert in_order(steps, data, other) is steps
