"""The files of both kinds of fuzzing, each made from a number alone."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import onnx

from tests.fuzz.judging import Verdict, judge
from tests.fuzz.mutations import mutated
from tests.fuzz.random_graphs import random_graph

#: Of so many mutated files, one has its ML program converted and evaluated as well: that takes
#: longer than all the rest.
_PACKAGES_EVERY = 8


@cache
def _valid() -> list[onnx.ModelProto]:
    """The onnx wheel's cases, and random graphs with constants."""
    from tests.conformance.binding import bindings
    from tests.conformance.foreign import foreign
    from tests.conformance.sources import onnx_wheel

    cases = [case for case in onnx_wheel().cases[::3] if not foreign(case)]
    models = [bindings(case)[-1].model for case in cases]
    return [*models, *(random_graph(seed) for seed in range(1_000_000, 1_000_300))]


def mutated_file(number: int) -> bytes:
    """Return a damaged file."""
    rng = np.random.default_rng(number)
    models = _valid()
    return mutated(models[int(rng.integers(len(models)))], rng)


def judge_mutated(path: Path) -> Verdict:
    """Say what becomes of a damaged file."""
    return judge(path, packages=path.stat().st_size % _PACKAGES_EVERY == 0)


def graph_file(number: int) -> bytes:
    """Return the file of a random graph."""
    return bytes(random_graph(number).SerializeToString())


def judge_graph(path: Path) -> Verdict:
    """Say what becomes of a valid graph."""
    return judge(path)
