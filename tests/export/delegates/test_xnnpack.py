from __future__ import annotations

import numpy as np

from _edgeship.export.delegates.report import DelegateReport
from _edgeship.export.delegates.xnnpack import xnnpack_report
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.tflite.operations import operations
from _edgeship.export.tflite.writer import from_bytes
from tests.export.tflite.small_graphs import Small, add

SHAPE = (1, 4, 4, 8)


def report(small: Small, data: bytes) -> DelegateReport:
    session = TFLiteSession(data, small.io())
    names = {index: str(one["name"]) for index, one in session.tensors().items()}
    return xnnpack_report(session.nodes(), names, lambda: operations(from_bytes(data)))


def joined(count: int) -> Small:
    """The input, changed in ``count`` ways that are joined."""
    small = Small(x=SHAPE)
    names = []
    for number in range(count):
        small.constant(f"c{number}", np.full(1, number + 1, np.float32))
        small.op("MUL", f"x c{number}", f"m{number}", SHAPE, opts=add("Mul"))
        names.append(f"m{number}")
    joint = (*SHAPE[:3], SHAPE[3] * count)
    small.op("CONCATENATION", " ".join(names), "y", joint, opts=add("Concatenation", axis=3))
    small.op("ABS", "y", "z", joint)
    return small.out("z")


def test_a_file_that_it_takes_whole() -> None:
    small = joined(3)
    found = report(small, small.data())
    assert (found.operators, found.taken, found.partitions, found.left) == (5, 5, 1, ())


def test_six_inputs_are_one_too_many_to_join() -> None:
    small = joined(6)
    found = report(small, small.data())
    reason = "it joins up to 5 tensors"
    assert [(one.kind, one.tensor, one.reason) for one in found.left] == [
        ("CONCATENATION", "y", reason)
    ]
    assert (found.operators, found.taken, found.partitions) == (8, 7, 2)


def test_five_are_not() -> None:
    small = joined(5)
    assert report(small, small.data()).left == ()


def test_a_kind_of_its_own() -> None:
    small = Small(x=SHAPE).op("SIGN", "x", "y", SHAPE).out("y")
    [left] = report(small, small.data()).left
    assert left.reason == "it has no such operator"
