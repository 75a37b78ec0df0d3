from __future__ import annotations

import math

import numpy as np
import pytest

from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.verification.judge import judge
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parts import Joined, Part, parts_of

RNG = np.random.default_rng(0)


def sampled(sizes: list[float], *shape: int, axis: int = 1, count: int = 4) -> Outputs:
    """Return samples of one output, (1, ...), whose channels have the given sizes."""
    along = [1] * (len(shape) + 1)
    along[axis] = len(sizes)
    extents = [1, *shape]
    extents[axis] = len(sizes)
    scale = np.array(sizes, np.float32).reshape(along)
    return [[RNG.standard_normal(extents).astype(np.float32) * scale] for _ in range(count)]


def names(reference: Outputs, joined: Joined | None = None) -> list[str]:
    found = parts_of(reference, ["y"], {"y": joined} if joined is not None else None)
    return [part.name for part in found]


def test_channels_of_one_size_are_one_part() -> None:
    assert names(sampled([1, 2, 0.5, 1.5], 0, 64)) == ["y"]


def test_boxes_and_scores_are_told_apart() -> None:
    sizes = [300.0, 200, 80, 90, 0.5, 0.4, 0.6, 0.1, 0.3]
    expected = ["y", "y, channels 0..3", "y, channels 4..8"]
    assert names(sampled(sizes, 0, 64)) == expected
    assert names(sampled(sizes, 64, 0, axis=2)) == [
        "y",
        "y, columns 0..3",
        "y, columns 4..8",
    ]
    assert names(sampled(sizes, 0, 8, 8)) == expected
    assert names(sampled(sizes, 8, 8, 0, axis=3)) == ["y", "y, columns 0..3", "y, columns 4..8"]


def test_a_part_need_not_be_contiguous() -> None:
    found = names(sampled([320.0, 240, 0.9] * 5, 0, 64))
    assert found == ["y", "y, 10 channels between 0 and 13", "y, channels 2, 5, 8, 11, 14"]


def test_one_class_is_a_part() -> None:
    assert names(sampled([300.0, 200, 80, 90, 0.5], 0, 64))[1:] == [
        "y, channels 0..3",
        "y, channel 4",
    ]


def test_sizes_that_follow_one_another_closely_are_one_kind() -> None:
    """The scores of eighty classes, the rarest 1e4 times smaller than the commonest."""
    assert names(sampled(list(np.geomspace(1e-4, 1.0, 80)), 0, 64)) == ["y"]


@pytest.mark.parametrize("weak", [0.0, 1e-7, 1e-2])
def test_a_single_weak_channel_of_many_is_no_part(weak: float) -> None:
    assert names(sampled([1.0] * 40 + [weak], 0, 64)) == ["y"]


def test_dead_channels_are_no_part_however_many() -> None:
    assert names(sampled([1.0] * 16 + [1e-7] * 16, 0, 64)) == ["y"]


def test_the_number_of_parts_is_bounded() -> None:
    assert len(names(sampled([10.0 ** -(k // 4) for k in range(16)], 0, 256))) <= 1 + 4


def test_few_numbers_tell_no_sizes() -> None:
    """Eight logits each of a thousand classes, of which one may be small by chance."""
    assert names(sampled([1.0] * 999 + [1e-3], 0, count=8)) == ["y"]
    assert names(sampled([1.0, 1e-3], 0, count=8)) == ["y"]


def test_batches_are_not_told_apart() -> None:
    arrays = sampled([1.0] * 3, 0, 64)
    joined: Outputs = [[np.concatenate([one[0], one[0] * 100])] for one in arrays]
    assert names(joined) == ["y"]


def test_integers_and_other_shapes_have_no_parts() -> None:
    integers: Outputs = [[np.arange(512).reshape(1, 8, 64) ** 2]]
    assert names(integers) == ["y"]
    assert names([*sampled([1.0, 100], 0, 64), *sampled([1.0, 100], 0, 65)]) == ["y"]


def joined(shape: tuple[int, ...], axis: int, extents: list[int], *sigmoids: str) -> Joined:
    sources = np.concatenate(
        [np.full([*shape[:axis], n, *shape[axis + 1 :]], k) for k, n in enumerate(extents)], axis
    )
    return Joined(sources, tuple("abcdef"[: len(extents)]), frozenset(sigmoids))


def test_what_a_graph_joins_is_told_apart_where_sizes_differ() -> None:
    one = joined((1, 5, 64), 1, [2, 2, 1])
    sizes = [1.0, 1, 1, 1, 100]
    assert names(sampled(sizes, 0, 64), one) == ["y", "y, channels 0..3", "y, channel 4"]
    assert names(sampled([1.0] * 5, 0, 64), one) == ["y"]


def test_what_a_graph_joins_may_be_one_number() -> None:
    """An age in years and a probability: no numbers to tell sizes from but the graph's word."""
    one = joined((1, 2), 1, [1, 1])
    assert names(sampled([40.0, 0.5], 0, count=1), one) == ["y", "y, column 0", "y, column 1"]


def test_sources_that_are_zero_throughout_are_no_part() -> None:
    assert names(sampled([1.0, 0.0], 0, 64), joined((1, 2, 64), 1, [1, 1])) == ["y"]


def test_sources_that_lie_among_one_another_are_named() -> None:
    sources = np.tile([0, 1], 32).reshape(1, 8, 8)
    mixed = Joined(
        np.where(np.eye(8, dtype=bool)[None], 0, sources), ("boxes", "scores"), frozenset()
    )
    values: Outputs = [[np.where(mixed.sources == 0, 100.0, 1.0).astype(np.float32)]]
    assert names(values, mixed) == ["y", "y, what comes of boxes", "y, what comes of scores"]


def test_scores_that_are_all_one_number_fail_beside_exact_boxes() -> None:
    reference = sampled([300.0, 200, 80, 90, 0.5, 0.4, 0.6], 0, 64)
    parts = parts_of(reference, ["y"])
    broken: Outputs = [[one.copy()] for [one] in reference]
    for [one] in broken:
        one[:, 4:] = 0.0
    whole = compare(reference, broken)
    assert whole.sqnr_db > 45  # as it was reported
    assert judge(whole, "int8") is None
    told = compare(reference, broken, parts=parts)
    assert told.sqnr_db == pytest.approx(0.0, abs=1e-9)
    assert told.part == "y, channels 4..6"
    sentence = judge(told, "int8")
    assert sentence is not None
    assert "of y, channels 4..6 is 0.0 dB" in sentence


def test_the_figures_of_a_part_are_those_of_its_elements() -> None:
    reference = sampled([300.0, 300, 0.5], 0, 64)
    noisy: Outputs = [[one + np.float32(0.01)] for [one] in reference]
    found = compare(reference, noisy, parts=parts_of(reference, ["y"])).parts
    own = compare([[one[:, 2:]] for [one] in reference], [[one[:, 2:]] for [one] in noisy])
    assert found[2].sqnr_db == pytest.approx(own.sqnr_db, rel=1e-12)
    assert found[2].max_rel == pytest.approx(own.max_rel, rel=1e-12)
    assert [one.partial for one in found] == [False, True, True]


def test_gross_errors_of_weak_parts_fail_in_float_and_roundings_of_strong_ones_pass() -> None:
    """A weak channel may be the difference of strong ones, whose roundings it then has."""
    reference = sampled([300.0, 300, 0.5], 0, 64)
    parts = parts_of(reference, ["y"])

    def verdict(error: float) -> str | None:
        shifted: Outputs = [
            [one + np.array([0, 0, error], np.float32)[:, None]] for [one] in reference
        ]
        return judge(compare(reference, shifted, parts=parts), "float")

    assert verdict(300 * 1e-6) is None
    sentence = verdict(0.1)
    assert sentence is not None
    assert "y, channel 2" in sentence
    known = parts_of(reference, ["y"], {"y": joined((1, 3, 64), 1, [2, 1])})
    shifted: Outputs = [[one + np.array([0, 0, 1e-3], np.float32)[:, None]] for [one] in reference]
    assert judge(compare(reference, shifted, parts=known), "float") is not None


def test_scores_below_the_steps_of_a_sigmoid_pass_as_zeros() -> None:
    """A picture without an object: all that 8 bits can say of scores of 0.001 is 0."""
    reference: Outputs = [[RNG.uniform(0.0, 0.0015, (1, 4, 64)).astype(np.float32)]]
    zeros: Outputs = [[np.zeros((1, 4, 64), np.float32)]]
    plain = compare(reference, zeros)
    assert judge(plain, "int8") is not None
    sigmoid = [Part(0, "scores", sigmoid=True)]
    assert compare(reference, zeros, parts=sigmoid).parts[0].grid_db == pytest.approx(0.0)
    assert judge(compare(reference, zeros, parts=sigmoid), "int8") is None
    assert judge(compare(reference, zeros, parts=sigmoid), "fp16") is not None
    # With an object, the steps say more than zeros do.
    reference[0][0][0, 0, 0] = 0.9
    assert judge(compare(reference, zeros, parts=sigmoid), "int8") is not None


@pytest.mark.parametrize("dtype", [np.int64, np.bool_])
def test_integers_are_judged_by_how_many_are_equal(dtype: type) -> None:
    classes: Outputs = [[(RNG.integers(0, 2, (1, 100)) * 20).astype(dtype)]]

    def changed(count: int) -> Outputs:
        other = classes[0][0].copy()
        other[0, :count] = ~other[0, :count] if dtype is np.bool_ else 7
        return [[other]]

    equal = compare(classes, classes)
    assert (equal.max_rel, equal.sqnr_db, equal.parts[0].agreement) == (0.0, math.inf, 1.0)
    off = compare(classes, changed(1))
    assert off.parts[0].agreement == 0.99
    assert off.sqnr_db == pytest.approx(20.0)
    assert judge(off, "float") is not None
    assert judge(off, "fp16") is None
    assert judge(compare(classes, changed(10)), "int8") is None
    sentence = judge(compare(classes, changed(11)), "int8")
    assert sentence == "Only 89.0% of the elements are equal; int8 needs 90.0%."
