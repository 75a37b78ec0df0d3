"""Files on the real GPU accelerator: what it takes, why not, and what it computes."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.delegates.query import Answer, Query
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.tflite import gpu_run
from _edgeship.export.tflite.building.graph import Tensor, options
from _edgeship.export.tflite.gpu_run import run_on_gpu
from _edgeship.export.tflite.peephole import optimize
from _edgeship.export.tflite.required import demand_right
from tests.export.delegates.gpu_here import accelerator
from tests.export.tflite.on_gpu import gaps
from tests.export.tflite.small_graphs import Small, add

SHAPE = (1, 4, 4, 8)
DEEP = (1, 4, 4, 2, 4)


def whole() -> Small:
    small = Small(x=SHAPE).constant("c", np.arange(8, dtype=np.float32))
    return small.op("MUL", "x c", "y", SHAPE, opts=add("Mul")).out("y")


def with_five_axes() -> Small:
    """ABS, a shuffle of channels at rank 5, and NEG."""
    small = Small(x=SHAPE).constant("deep", np.array(DEEP, np.int32))
    small.constant("order", np.array([0, 1, 2, 4, 3], np.int32))
    small.constant("flat", np.array(SHAPE, np.int32))
    turned = (*DEEP[:3], DEEP[4], DEEP[3])
    small.op("ABS", "x", "a", SHAPE)
    small.op("RESHAPE", "a deep", "b", DEEP, opts=add("Reshape", newShape=list(DEEP)))
    small.op("TRANSPOSE", "b order", "c", turned, opts=add("Transpose"))
    small.op("RESHAPE", "c flat", "d", SHAPE, opts=add("Reshape", newShape=list(SHAPE)))
    return small.op("NEG", "d", "y", SHAPE).out("y")


def test_a_file_that_it_takes_whole() -> None:
    accelerator()
    small = whole()
    samples = small.samples(3)
    run = run_on_gpu(small.data(), samples, small.io())
    report = run.delegate
    assert report is not None
    assert (report.taken, report.operators, report.partitions, report.left) == (1, 1, 1, ())
    assert report.precision == "float32"
    for sample, [result] in zip(samples, run.outputs, strict=True):
        np.testing.assert_allclose(result, sample["x"] * np.arange(8), rtol=1e-6)


def to_a_scalar() -> Small:
    """The mean of all elements, as a tensor without axes."""
    small = Small(x=SHAPE).constant("axes", np.arange(4, dtype=np.int32))
    small.constant("none", np.zeros(0, np.int32))
    small.op("MEAN", "x axes", "m", (1, 1, 1, 1), opts=add("Reducer", keepDims=True))
    return small.op("RESHAPE", "m none", "y", (), opts=add("Reshape")).out("y")


def test_a_scalar_has_no_shape_to_read() -> None:
    """The accelerator loads nothing of a file with a constant without elements."""
    accelerator()
    [plain] = gaps([(to_a_scalar().data(), to_a_scalar().io(), to_a_scalar().samples(1))])
    assert isinstance(plain, str)
    cases = []
    for scheme in ("none", "int8"):
        small = to_a_scalar()
        optimize(small.graph)
        data = small.data() if scheme == "none" else small.quantized(scheme)
        cases.append((data, small.io(), small.samples(2)))
    for gap in gaps(cases):
        assert isinstance(gap, float), gap
        assert gap < 0.02


def test_the_rank_of_a_shuffle_in_five_axes_keeps_a_file_from_the_gpu() -> None:
    """What other converters write for a channel shuffle: not taken whole, so refused."""
    accelerator()
    small = with_five_axes()
    [alone] = gaps([(small.data(), small.io(), small.samples(1))])
    assert isinstance(alone, str)
    with pytest.raises(VerificationError, match="takes 1 of 5 operators") as error:
        demand_right(run_on_gpu(small.data(), small.samples(1), small.io()), lambda outputs: "")
    assert "dimensions must be less than 5" in error.value.why


def test_what_it_refuses_is_named_with_the_reason_and_runs_on_the_cpu() -> None:
    accelerator()
    small = with_five_axes()
    samples = small.samples(2)
    run = run_on_gpu(small.data(), samples, small.io())
    report = run.delegate
    assert report is not None
    refused = {one.tensor: one for one in report.left if one.index is not None}
    assert {"b", "c", "d"} == set(refused)
    assert "dimensions must be less than 5" in refused["b"].reason
    assert [one.kind for one in report.left] == ["RESHAPE", "TRANSPOSE", "RESHAPE", "other"]
    assert report.taken + len(report.left) == report.operators == 5
    expected = TFLiteSession(small.data(), small.io())
    for sample, [result] in zip(samples, run.outputs, strict=True):
        np.testing.assert_array_equal(result, expected.run(sample)[0])


def test_operators_that_are_refused_alike_are_alike() -> None:
    accelerator()
    small = Small(x=DEEP)
    for source, result in ("xa", "ab", "by"):
        small.op("ABS", source, result, DEEP)
    small.out("y")
    report = run_on_gpu(small.data(), [], small.io()).delegate
    assert report is not None
    [(first, count)] = report.alike()
    assert (first.tensor, count) == ("a", 3)
    assert first.reason == "Tensor dimensions must be less than 5."


def test_types_that_the_runtimes_binding_does_not_know() -> None:
    """An int64 output, which the CPU casts for the GPU."""
    accelerator()
    small = whole()
    small.graph.tensors.append(Tensor("wide", SHAPE, np.dtype(np.int64)))
    opts = options("CastOptions", inDataType=0, outDataType=4)
    small.graph.add("CAST", [2], [3], opts)
    small.graph.outputs = [3]
    samples = small.samples(1)
    run = run_on_gpu(small.data(), samples, small.io())
    [[result]] = run.outputs
    assert result.dtype == np.int64
    np.testing.assert_array_equal(
        result, TFLiteSession(small.data(), small.io()).run(samples[0])[0]
    )


def test_float16_is_not_claimed_where_the_driver_has_none() -> None:
    small = whole()
    if accelerator().half:
        run = run_on_gpu(small.data(), small.samples(1), small.io(), "gpu-fp16")
        assert run.delegate is not None
        assert run.delegate.precision == "float16"
        return
    with pytest.raises(InputError, match="does not compute in float16"):
        run_on_gpu(small.data(), small.samples(1), small.io(), "gpu-fp16")


def test_a_crash_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    real = accelerator()

    class Crashing:
        device, software, half = "Card", True, False

        def ask(self, queries: list[Query]) -> list[Answer]:
            [answer] = real.ask([Query(b"")])
            problem = "its process was ended by the signal SIGILL"
            return [Answer(answer.log, problem, died=True)]

    monkeypatch.setattr(gpu_run, "find_accelerator", Crashing)
    small = whole()
    with pytest.raises(VerificationError, match="fails on the file") as error:
        run_on_gpu(small.data(), small.samples(1), small.io())
    assert error.value.why == "On Card, its process was ended by the signal SIGILL."
