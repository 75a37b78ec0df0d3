"""Held-out families: what is predicted was never learned from, and errors are what they are."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from _edgeship.device_bench.prediction import held_out as module
from _edgeship.device_bench.prediction.examples import Example
from _edgeship.device_bench.prediction.held_out import hold_out, median_error, spread
from _edgeship.device_bench.prediction.rules import Rules, learn
from tests.device_bench.prediction.synthetic_layers import chain, measured, pointwise


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=12))
def test_a_family_is_never_learned_from_while_it_is_predicted(families: list[str]) -> None:
    examples = [
        measured(f"net{index}", family, [pointwise(8 + index, 8, 4)])
        for index, family in enumerate(families)
    ]
    taught: list[list[str]] = []
    predicted: list[str] = []

    def learning(some: list[Example]) -> Rules:
        taught.append([one.family for one in some])
        return Rules(roofs=(), stand_ins=())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "learn", learning)
        real = module._predicted

        def predicting(ruler: object, one: Example) -> module.HeldOut:
            predicted.append(one.family)
            assert one.family not in taught[-1]
            assert set(taught[-1]) == set(families) - {one.family}
            return real(ruler, one)  # type: ignore[arg-type]

        patch.setattr(module, "_predicted", predicting)
        found = hold_out(examples)
    few = len(set(families)) < 3
    assert sorted(predicted) == ([] if few else sorted(families))
    assert len(found) == len(predicted)


def test_networks_of_one_device_are_predicted_well() -> None:
    examples = [
        measured(f"{family}{index}", family, chain(10 * place + index), noise=0.05, seed=index)
        for place, family in enumerate("abcd")
        for index in range(2)
    ]
    found = hold_out(examples)
    assert [one.family for one in found] == sorted("abcd" * 2)
    assert median_error(found) < 0.05
    assert all(one.layers for one in found)


def test_a_family_that_follows_another_rule_is_a_large_error() -> None:
    examples = [measured(f"net {f}", f, chain(place)) for place, f in enumerate("abc")]
    odd = measured("odd", "d", chain(7), lambda work: 9.0 * work.mult_adds)
    [last] = [one for one in hold_out([*examples, odd]) if one.family == "d"]
    assert last.error < -0.9
    assert learn(examples) != learn([*examples, odd])


def test_the_spread_covers_the_share_that_is_asked_for() -> None:
    errors = [0.01 * k * (-1) ** k for k in range(1, 20)]
    # Of 19, the 18th: ceil(20 * 0.9).
    assert spread(errors) == pytest.approx(math.exp(0.18))
    assert spread(errors[:5]) == pytest.approx(math.exp(0.05))  # too few: the largest
    assert spread([]) == math.inf
