import numpy as np
import pytest

from _edgeship.export.calibration.source import (
    evenly_spaced,
    hold_out,
    select,
    shares,
    tried_on,
)


@pytest.mark.parametrize(
    ("sizes", "count", "expected"),
    [
        ([10, 10, 10], 6, [2, 2, 2]),
        ([10, 1, 10], 7, [3, 1, 3]),
        ([10, 1, 10], 8, [4, 1, 3]),
        ([3, 3], 10, [3, 3]),
        ([5, 5, 5, 5], 2, [1, 0, 1, 0]),
        ([4], 0, [0]),
        ([], 3, []),
    ],
)
def test_groups_are_taken_from_alike(sizes: list[int], count: int, expected: list[int]) -> None:
    assert shares(sizes, count) == expected


def test_items_are_spread_over_their_group() -> None:
    assert select([range(10), range(10, 12)], 5) == [0, 3, 6, 10, 11]


@pytest.mark.parametrize("sizes", [[48], [4], [7, 5, 30], [1] * 50, [100, 1]])
@pytest.mark.parametrize("count", [0, 1, 5, 12])
def test_what_is_held_out_is_not_left(sizes: list[int], count: int) -> None:
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    groups = [range(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    kept, rest = hold_out(groups, count)
    left = [item for group in rest for item in group]
    assert len(kept) == min(count, sum(sizes))
    assert sorted(kept + left) == list(range(sum(sizes)))
    taken = [sum(item in group for item in kept) for group in groups]
    open_ = [t for t, size in zip(taken, sizes, strict=True) if t < size]
    assert not open_ or max(taken) - min(open_) <= 1


def test_every_fourth_of_the_views_is_held_out() -> None:
    # The rounds of the shipped pictures are sixteen long: all views of one stay together.
    assert hold_out([range(48)], 12)[0] == list(range(1, 48, 4))


def test_evenly_spaced_keeps_short_lists() -> None:
    assert evenly_spaced([1, 2, 3], 5) == [1, 2, 3]
    assert evenly_spaced([], 5) == []


def test_ways_are_tried_on_fewer_samples_where_these_are_large() -> None:
    small = [{"x": np.zeros(4, np.float32)} for _ in range(40)]
    assert len(tried_on(small)) == 16
    wide = np.broadcast_to(np.float32(0), (1, 3, 2048, 2048))
    assert len(tried_on([{"x": wide}] * 40)) == 5
    assert len(tried_on([{"x": np.broadcast_to(np.float32(0), (2**27,))}] * 3)) == 1
    assert tried_on([]) == []
