from __future__ import annotations

import itertools

import numpy as np
import pytest

from _edgeship.errors import InputError
from _edgeship.export.runtimes.tflite_ports import FileIO, PortSpec
from _edgeship.export.tflite import calibrate as module
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.calibrate import activation_ranges
from _edgeship.export.tflite.writer import from_bytes
from tests.export.tflite.small_graphs import Small, add

NHWC = (1, 4, 4, 2)


def doubled() -> Small:
    small = Small(x=NHWC).constant("two", np.float32(2.0))
    return small.op("MUL", "x two", "y", NHWC, opts=options("MulOptions")).out("y")


def filled(value: float) -> dict[str, np.ndarray]:
    return {"x": np.full(NHWC, value, np.float32)}


def test_ranges_are_the_smallest_and_largest_values_over_all_samples() -> None:
    small = doubled()
    samples = [filled(1.5), filled(-4.0), filled(0.25)]
    assert activation_ranges(small.data(), samples, small.io()) == {
        "x": (-4.0, 1.5),
        "y": (-8.0, 3.0),
    }


def test_constants_have_no_range() -> None:
    small = doubled()
    assert "two" not in activation_ranges(small.data(), [filled(1.0)], small.io())


def test_the_order_of_the_samples_does_not_matter() -> None:
    small = doubled()
    samples = small.samples(6)
    forwards = activation_ranges(small.data(), samples, small.io())
    assert activation_ranges(small.data(), samples[::-1], small.io()) == forwards
    assert activation_ranges(small.data(), samples[3:] + samples[:3], small.io()) == forwards


def test_tensors_inside_are_measured_before_their_memory_is_used_again() -> None:
    small = Small(x=NHWC).constant("one", np.float32(1.0))
    names = ["x", *(f"t{i}" for i in range(6))]
    for source, result in itertools.pairwise(names):
        small.op("ADD", f"{source} one", result, NHWC, opts=add())
    ranges = activation_ranges(small.out("t5").data(), [filled(0.0)], small.io())
    assert ranges == {name: (float(i), float(i)) for i, name in enumerate(names)}


def test_the_border_of_a_max_pool_is_not_counted() -> None:
    small = Small(x=NHWC).constant("lowest", np.float32(np.finfo(np.float32).min))
    small.constant("pads", np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32))
    opts = options("PadV2Options")
    small.op("PADV2", "x pads lowest", "y", (1, 6, 6, 2), opts=opts).out("y")
    assert activation_ranges(small.data(), [filled(-2.0)], small.io())["y"] == (-2.0, -2.0)


def test_samples_are_turned_into_the_order_of_the_file() -> None:
    opts = options("SoftmaxOptions", beta=1.0)
    small = Small(x=(1, 2, 3, 4)).op("SOFTMAX", "x", "y", (1, 2, 3, 4), opts=opts).out("y")
    nhwc = FileIO((PortSpec("x", (1, 2, 3, 4), (0, 2, 3, 1)),), small.io().outputs)
    x = np.zeros((1, 4, 2, 3), np.float32)
    x[:, 3] = 100.0  # the softmax is over the channels, so one takes it all
    low, high = activation_ranges(small.data(), [{"x": x}], nhwc)["y"]
    assert low < 1e-30
    assert high == 1.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("everywhere", [True, False])
def test_what_is_not_finite_names_tensor_and_sample(bad: float, everywhere: bool) -> None:
    small = doubled()
    spoiled = filled(bad if everywhere else 1.0)
    spoiled["x"][0, 1, 2, 0] = bad
    with pytest.raises(InputError) as caught:
        activation_ranges(small.data(), [filled(1.0), spoiled], small.io())
    assert "tensor x" in str(caught.value)
    assert "sample 1" in str(caught.value)


def test_not_finite_behind_a_border_is_found() -> None:
    small = Small(x=NHWC).constant("lowest", np.float32(np.finfo(np.float32).min))
    small.constant("pads", np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32))
    small.op("LOG", "x", "log", NHWC)
    small.op("PADV2", "log pads lowest", "y", (1, 6, 6, 2), opts=options("PadV2Options"))
    with pytest.raises(InputError, match="tensor log"):
        activation_ranges(small.out("y").data(), [filled(-1.0)], small.io())


def test_networks_that_do_not_fit_into_memory_are_measured_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = Small(x=NHWC).constant("one", np.float32(1.0))
    names = ["x", *(f"t{i}" for i in range(5))]
    for source, result in itertools.pairwise(names):
        small.op("ADD", f"{source} one", result, NHWC, opts=add())
    small.out("t4")
    samples = small.samples(3)
    whole = activation_ranges(small.data(), samples, small.io())
    assert set(whole) == set(names)
    monkeypatch.setattr(module, "_BYTES_AT_ONCE", 2 * 4 * 32)  # two tensors
    assert [len(part) for part in module._groups(from_bytes(small.data()))] == [2, 2, 1]
    assert activation_ranges(small.data(), samples, small.io()) == whole
