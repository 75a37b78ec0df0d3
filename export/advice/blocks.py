"""Cuts a network where everything flows through one value; a block lies between two cuts.

Guideline G3 of the ShuffleNet V2 paper (arXiv 1807.11164, section 2) counts the fragments of a
building block: the convolutions and poolings in it, and how many of them lie side by side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from _edgeship.export.advice.steps import Step


@dataclass(frozen=True)
class Block:
    """A part of the network with one way in and one way out.

    Attributes:
        name: Dotted name that its layers share, else that of its first layer.
        steps: In order.
        fragments: Layers and poolings.
        branches: How many of these lie side by side, at most: equally far from the way in.
    """

    name: str
    steps: tuple[Step, ...]
    fragments: int
    branches: int


def blocks(steps: Sequence[Step]) -> tuple[Block, ...]:
    """Return the blocks that have a layer or a pooling, in order."""
    return tuple(block for block in map(_block, _parts(steps)) if block.fragments)


def _parts(steps: Sequence[Step]) -> Iterator[tuple[Step, ...]]:
    """Split the steps behind each one whose output is the only value that later steps read.

    Each step comes behind those it reads from, so a value that every path goes through has all
    other steps before it or behind it.
    """
    last_use = {value: place for place, step in enumerate(steps) for value in step.inputs}
    made = {value for step in steps for value in step.outputs}
    part: list[Step] = []
    open_until = max((place for value, place in last_use.items() if value not in made), default=-1)
    for place, step in enumerate(steps):
        part.append(step)
        # Whatever was made up to here, except for this step's output, has been read by now.
        used = [value for value in step.outputs if value in last_use]
        if open_until <= place and len(used) <= 1:
            yield tuple(part)
            part = []
        open_until = max([open_until, *(last_use[value] for value in used)])
    if part:
        yield tuple(part)


def _block(part: tuple[Step, ...]) -> Block:
    depths: dict[str, int] = {}
    levels: Counter[int] = Counter()
    for step in part:
        depth = max((depths.get(value, 0) for value in step.inputs), default=0)
        if _is_fragment(step):
            depth += 1
            levels[depth] += 1
        depths.update(dict.fromkeys(step.outputs, depth))
    fragments = [step for step in part if _is_fragment(step)]
    return Block(
        name=_common_name([step.name for step in fragments]),
        steps=part,
        fragments=len(fragments),
        branches=max(levels.values(), default=0),
    )


def _is_fragment(step: Step) -> bool:
    return step.kind in ("layer", "pooling")


def _common_name(names: Sequence[str]) -> str:
    """Return the leading parts that dotted names share, or the first name if there are none."""
    shared: list[str] = []
    for parts in zip(*(name.split(".") for name in names), strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return ".".join(shared) or next(iter(names), "")
