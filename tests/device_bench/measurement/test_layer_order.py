"""The order in which operators run where a delegate leaves some of them out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from _edgeship.device_bench.devices.local import LocalDevice
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.measurement.layer_names import is_layer
from _edgeship.device_bench.measurement.layer_order import executed, in_order
from _edgeship.device_bench.results.records import MeasurementSettings, Op, Profile
from _edgeship.device_bench.runners.base import Job
from _edgeship.device_bench.runners.native_runner import NativeRunner
from _edgeship.export.advice.from_tflite import read_tflite_steps
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.reading import OperatorRecord
from tests.device_bench.small_files import SHAPE, image, needs_native, network
from tests.export.tflite.small_graphs import Small


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


def _unit() -> bytes:
    """A unit of Xception: a shortcut that begins with a pool of 1x1, which XNNPACK leaves out."""
    rng = np.random.default_rng(0)
    small = Small(image=SHAPE)
    small.constant("w", rng.standard_normal((8, 1, 1, 4)).astype(np.float32))
    small.constant("v", rng.standard_normal((8, 1, 1, 8)).astype(np.float32))
    small.constant("d", rng.standard_normal((1, 3, 3, 8)).astype(np.float32))
    small.constant("b", np.zeros(8, np.float32))
    conv = options("Conv2DOptions", strideH=1, strideW=1)
    pool = options("Pool2DOptions", strideH=2, strideW=2, filterHeight=1, filterWidth=1)
    spatial = options("DepthwiseConv2DOptions", strideH=2, strideW=2, depthMultiplier=1)
    small.op("CONV_2D", "image w b", "stem", (1, 8, 8, 8), opts=conv)
    small.op("MAX_POOL_2D", "stem", "fewer", (1, 4, 4, 8), opts=pool)
    small.op("CONV_2D", "fewer v b", "shortcut", (1, 4, 4, 8), opts=conv)
    small.op("DEPTHWISE_CONV_2D", "stem d b", "spatial", (1, 4, 4, 8), opts=spatial)
    small.op("ADD", "shortcut spatial", "sum", (1, 4, 4, 8), opts=options("AddOptions"))
    return small.out("sum").data()


@needs_native
def test_it_is_the_order_of_the_runtime(tmp_path: Path) -> None:
    """XNNPACK's names tell depthwise convolutions from others, and so who ran when."""
    data, raw = _unit(), tmp_path / "0.bin"
    (tmp_path / "x.tflite").write_bytes(data)
    raw.write_bytes(image().tobytes())
    once = MeasurementSettings(warmup_runs=0, warmup_seconds=0, runs=3, seconds=0, timeout=60)
    with Workspace(LocalDevice()) as workspace:
        NativeRunner().prepare(workspace)
        job = Job(workspace.put(tmp_path / "x.tflite"), once, (workspace.put(raw),), True, True)
        found = NativeRunner().run(workspace, job).profile
    assert found is not None
    ran = [
        "DEPTHWISE_CONV_2D" if "DWConv" in op.name else "CONV_2D"
        for op in found.ops
        if is_layer(op)
    ]
    assert ran == ["CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D"]  # in the file it is the last
    steps = in_order(read_tflite_steps(data, "unit"), data, found).steps
    assert [step.op for step in steps if step.kind == "layer"] == ran
