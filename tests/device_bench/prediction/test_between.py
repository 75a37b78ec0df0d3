"""Fits to what lies between layers, of which only sums are known."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.device_bench.prediction.between import Gap, fit_gaps
from _edgeship.device_bench.prediction.work import Work, work_of
from tests.device_bench.prediction.synthetic_layers import element_wise

_TRUE = {"ADD": (500.0, 0.2, 0.0), "SLICE": (0.0, 0.0, 30.0), "RELU": (100.0, 0.05, 0.0)}


def _time(work: Work) -> float:
    overhead, per_byte, per_row = _TRUE[work.kind]
    return overhead + per_byte * work.bytes + per_row * work.rows


def _gaps(count: int, noise: float) -> list[Gap]:
    rng = np.random.default_rng(4)
    gaps = []
    for _ in range(count):
        works = tuple(
            work_of(
                element_wise(
                    str(rng.choice(list(_TRUE))),
                    int(2 ** rng.uniform(6, 16)),
                    0,
                    int(2 ** rng.uniform(3, 12)),
                )
            )
            for _ in range(rng.integers(1, 4))
        )
        factor = float(np.exp(noise * rng.standard_normal()))
        gaps.append(Gap(works, sum(map(_time, works)) * factor))
    return gaps


def test_sums_tell_what_each_kind_takes() -> None:
    gaps = _gaps(150, noise=0.05)
    gaps[7] = Gap(gaps[7].works, 100 * gaps[7].time)
    found = {one.kind: one for one in fit_gaps(gaps, lambda work: work.kind, "float32")}
    assert set(found) == set(_TRUE)
    assert found["ADD"].overhead == pytest.approx(500, rel=0.2)
    assert found["ADD"].per_byte == pytest.approx(0.2, rel=0.05)
    assert found["SLICE"].per_row == pytest.approx(30, rel=0.05)
    assert found["RELU"].per_byte == pytest.approx(0.05, rel=0.3)
    assert found["SLICE"].samples == sum(w.kind == "SLICE" for gap in gaps for w in gap.works)


def test_kinds_share_a_rule_where_one_is_wanted() -> None:
    [one] = fit_gaps(_gaps(40, 0.0)[:5], lambda work: "all", "int8")
    assert (one.kind, one.dtype) == ("all", "int8")
    assert min(one.overhead, one.per_byte, one.per_row) >= 0


def test_without_gaps_nothing_is_learned() -> None:
    assert fit_gaps([], lambda work: work.kind, "float32") == ()
