"""Which layers of a quantized file stay in float: those that the user names, or the fewest that do.

Layers are taken in the order of what they lose alone (`export.sensitivity`). How many of them it
takes is found by trying real files (`export.trials`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.calibration.source import evenly_spaced
from _edgeship.export.contract.choices import AUTO
from _edgeship.export.contract.stage_log import StageLog
from _edgeship.export.contract.target import Job, Prepared, Target
from _edgeship.export.preparing import Ready
from _edgeship.export.sensitivity.layers import Layer, layers_of, named_layers
from _edgeship.export.trials import Trial, search

if TYPE_CHECKING:
    from _edgeship.export.calibration.ranges import Ranges
    from _edgeship.export.contract.request import PictureHalf
    from _edgeship.export.contract.schemes import Scheme
    from _edgeship.export.runtimes.values import Sample
    from _edgeship.export.verification.parity import Parity

#: Samples of the calibration that files are tried on, where there are too few others.
_TRIED_ON = 16

#: So many samples that calibration has not seen are enough to choose on half of them.
_FEWEST_UNSEEN = 4

#: How much better in dB a file must be on these than is asked for: others differ a little.
_MARGIN_DB = 0.5

#: The most layers that are left in float, as a share of all. fp16 is the better file then.
_MOST = 0.5

_TODO = "choose --quant fp16, or int16x8 for TFLite, or ask for less"


#: Says what the file does that leaves some values in float.
_Try = Callable[[Collection[str]], Trial]


@dataclass(frozen=True)
class Kept:
    """The layers of one file that stay in float.

    Attributes:
        layers: Their names, in the order of the graph.
        values: Names of the values that they compute.
        cost: In words, what they cost.
        reached: In words, what the file was found to do, where a target was given.
        min_sqnr: SQNR in dB that it must reach on samples that nothing was chosen on.
    """

    layers: tuple[str, ...] = ()
    values: frozenset[str] = frozenset()
    cost: str = ""
    reached: str = ""
    min_sqnr: float | None = None

    @property
    def in_words(self) -> str:
        """The layers, for the table of stages; "" if there are none."""
        if not self.layers:
            return self.reached
        named = f"{self.counted}: {', '.join(self.layers)}"
        return f"{named}; {self.reached}" if self.reached else named

    @property
    def counted(self) -> str:
        """How many layers these are, and what they cost."""
        cost = f" ({self.cost})" if self.cost else ""
        return f"{len(self.layers)} layers in float{cost}"

    def demand(self, parity: Parity) -> None:
        """Demand that the file is as good as was asked for.

        Raises:
            VerificationError: It is not.
        """
        if self.min_sqnr is None:
            return
        worst = min(part.sqnr_db for part in parity.parts)
        if not worst >= self.min_sqnr:
            raise _unmet(
                f"{self.min_sqnr:g} dB",
                f"{worst:.1f} dB, on samples that nothing was chosen on, with {self.counted}",
            )

    def record(self) -> list[str]:
        """Return it for the manifest."""
        return list(self.layers)


@dataclass(frozen=True)
class Keeping:
    """Says for each file which layers stay in float.

    Attributes:
        job: What is exported.
        layers: Of the graph.
        named: Those that the user named.
        order: Where they are to be found, what to leave in float next, one set after another.
        alone: Name of a layer -> the SQNR in dB with nothing but this layer in 8 bits.
        halves: The labelled pictures to choose on and to judge on, if there are any.
    """

    job: Job
    layers: Sequence[Layer] = ()
    named: Sequence[Layer] = ()
    order: Sequence[Collection[str]] = ()
    alone: Mapping[str, float] = field(default_factory=dict)
    halves: tuple[PictureHalf, PictureHalf] | None = None

    def for_file(self, target: Target, scheme: Scheme, prepared: Prepared, ranges: Ranges) -> Kept:
        """Return the layers of a file that stay in float.

        Args:
            target: What writes it.
            scheme: Its scheme.
            prepared: What it is made from.
            ranges: Of its activations.

        Raises:
            VerificationError: No file is as good as was asked for.
        """
        if "keep_float" not in target.options or not scheme.keeps_float:
            return Kept()
        if not self.order:
            return self._kept(self.named, scheme)
        if not scheme.calibrated:
            return Kept()
        return self._found(target, scheme, prepared, ranges)

    def _found(self, target: Target, scheme: Scheme, prepared: Prepared, ranges: Ranges) -> Kept:
        exact = target.schemes["none"]
        trial, judge = self._trials(exact, scheme, prepared, ranges)
        chosen, found = search(self._sets(), lambda names: trial(self._of(names, scheme).values))
        kept = self._of(chosen, scheme)
        if not found.enough:
            best = f"{found.words} with {kept.counted}"
            raise _unmet(self._asked, best, self._why(kept, exact, scheme, prepared, ranges))
        kept = replace(kept, min_sqnr=self.job.request.min_sqnr)
        if judge is None:
            return replace(kept, reached=f"chosen at {found.words}")
        judged = judge(kept.values)
        if not judged.enough:
            raise _unmet(
                self._asked,
                f"{judged.words}, on samples that nothing was chosen on, with {kept.counted}",
                self._why(kept, exact, scheme, prepared, ranges),
            )
        return replace(kept, reached=f"chosen at {found.words}, judged at {judged.words}")

    def _why(
        self, kept: Kept, exact: Scheme, scheme: Scheme, prepared: Prepared, ranges: Ranges
    ) -> str:
        """Return why a file does not reach the SQNR that was asked for, as far as is measured."""
        if self.job.request.min_sqnr is None:
            return ""
        some = evenly_spaced(self.job.samples, _TRIED_ON)
        there = self._by_sqnr(prepared, scheme, exact, ranges, some)(kept.values)
        if there.enough:
            return (
                f"on samples of the calibration it leaves {there.words}, so that ranges of more "
                "samples, or of others, would help (--calib)"
            )
        left = [db for name, db in self.alone.items() if name not in kept.layers]
        together = -10 * math.log10(sum(10 ** (-db / 10) for db in left))
        return (
            f"noise adds up: the other {len(left)} leave {min(left):.1f} dB or more each alone and "
            f"{together:.1f} dB together, and the file {there.words}, on samples of the calibration"
        )

    def _trials(
        self, exact: Scheme, scheme: Scheme, prepared: Prepared, ranges: Ranges
    ) -> tuple[_Try, _Try | None]:
        """Return what tries files, and what judges the chosen one on samples of its own."""
        if self.halves is not None:
            first, second = self.halves
            return (
                self._by_drop(prepared, scheme, exact, ranges, first),
                self._by_drop(prepared, scheme, exact, ranges, second, finished=True),
            )
        # What ranges were measured on loses less than other samples: 30.6 dB, and 26.7 dB of
        # others, with 36 views of 12 pictures.
        unseen = [one for one in self.job.checked if not _is_among(one, self.job.samples)]
        if len(unseen) < _FEWEST_UNSEEN:
            some = evenly_spaced(self.job.samples, _TRIED_ON)
            return self._by_sqnr(prepared, scheme, exact, ranges, some), None
        return (
            self._by_sqnr(prepared, scheme, exact, ranges, unseen[::2]),
            self._by_sqnr(prepared, scheme, exact, ranges, unseen[1::2], finished=True),
        )

    @property
    def _asked(self) -> str:
        request = self.job.request
        if request.min_sqnr is not None:
            return f"{request.min_sqnr:g} dB"
        return f"a drop of at most {request.max_drop:g} points"

    def _by_sqnr(
        self,
        prepared: Prepared,
        scheme: Scheme,
        exact: Scheme,
        ranges: Ranges,
        samples: Sequence[Sample],
        finished: bool = False,
    ) -> _Try:
        """Return what tries a file on samples; a `finished` one as it will be written."""
        from _edgeship.export.verification.metrics import compare

        reference = prepared.rehearse(exact, {}, samples)
        wanted = self.job.request.min_sqnr or 0.0

        def trial(keep: Collection[str]) -> Trial:
            outputs = prepared.rehearse(scheme, ranges, samples, keep, finished)
            if reference is None or outputs is None:
                raise VerificationError("Nothing here can try such files.", todo="name the layers")
            parts = compare(reference, outputs, parts=self.job.parts).parts
            worst = min(part.sqnr_db for part in parts)
            good = worst >= wanted + _MARGIN_DB
            return Trial(good, worst >= wanted, worst, f"{worst:.1f} dB")

        return trial

    def _by_drop(
        self,
        prepared: Prepared,
        scheme: Scheme,
        exact: Scheme,
        ranges: Ranges,
        half: PictureHalf,
        finished: bool = False,
    ) -> _Try:
        """Return what tries a file on labelled pictures; a `finished` one as it will be written."""
        reference = prepared.rehearse(exact, {}, half.samples)
        most = self.job.request.max_drop or 0.0

        def trial(keep: Collection[str]) -> Trial:
            outputs = prepared.rehearse(scheme, ranges, half.samples, keep, finished)
            if reference is None or outputs is None:
                raise VerificationError("Nothing here can try such files.", todo="name the layers")
            drop, low, high, bound = half.drop(reference, outputs)
            words = (
                f"a drop of {drop:.2f} points ({low:.2f} to {high:.2f}) on {len(half.samples):,} "
                "pictures"
            )
            return Trial(bound <= most, drop <= most, -drop, words)

        return trial

    def _sets(self) -> list[frozenset[str]]:
        """Return names of layers that may stay in float: none, then more and more of them."""
        most = int(_MOST * sum(bool(layer.nodes) for layer in self.layers))
        sets = [frozenset[str]()]
        for names in self.order:
            larger = sets[-1].union(names)
            if len(larger) > most:
                break
            if larger != sets[-1]:
                sets.append(larger)
        return sets

    def _of(self, names: Collection[str], scheme: Scheme) -> Kept:
        return self._kept([layer for layer in self.layers if layer.name in names], scheme)

    def _kept(self, layers: Sequence[Layer], scheme: Scheme) -> Kept:
        """Return layers with what they cost."""
        if not layers:
            return Kept()
        names = {name for layer in layers for name in layer.nodes}
        weights = {layer.weight for layer in layers if layer.weight}
        constants = self.job.graph.graph.initializers
        sizes = [constants[name].const_value for name in weights]
        # Bytes of a number in float, but for the one that it would have otherwise.
        more = 1 if scheme.base == "fp16" else 3
        further = more * sum(math.prod(one.shape.numpy()) for one in sizes if one is not None)
        share = _share_of_work(self.job, names)
        return Kept(
            tuple(layer.name for layer in layers),
            frozenset(value for layer in layers for value in layer.values),
            f"{further / 1e3:,.0f} kB more, {share:.1%} of the mult-adds",
        )


def kept_in_float(ready: Ready, log: StageLog) -> Keeping:
    """Return what says for each file which layers stay in float.

    Args:
        ready: The network.
        log: Where the stage is told, if layers are to be found.

    Raises:
        InputError: A layer does not exist, or pictures do not fit.
    """
    from _edgeship.export.sensitivity.measure import SAMPLES, measure

    job, request = ready.job, ready.job.request
    if not request.keep_float:
        return Keeping(job)
    layers = layers_of(job.graph)
    if request.keep_float != (AUTO,):
        return Keeping(job, layers, named_layers(layers, request.keep_float, "--keep-float"))
    halves = None
    if request.eval_data is not None:
        [(name, spec), *others] = ready.inputs.items()
        if others or job.preprocess is None:
            raise InputError("--eval needs a network that takes one picture.")
        halves = request.eval_data.halves(name, spec, job.preprocess)
    with log.stage("locate"):
        observer = None if request.ranges == "auto" else request.ranges
        some = evenly_spaced(job.samples, SAMPLES)
        found = measure(job.graph, some, job.parts, observer, calibration=job.samples)
        worst = found.layers[0]
        log.done(
            f"of {len(found.layers)} layers {worst.layer.name} loses most in 8 bits: "
            f"{worst.alone_db:.1f} dB alone, {found.all_db:.1f} dB with all"
        )
    alone = {one.layer.name: one.alone_db for one in found.layers}
    return Keeping(job, layers, (), [one.repair for one in found.layers], alone, halves)


def _share_of_work(job: Job, nodes: Collection[str]) -> float:
    """Return the share of a network's multiplications that some nodes do, 0 to 1."""
    from _edgeship.export.graph.cost import node_mult_adds

    work = {str(node.name): node_mult_adds(node) or 0 for node in job.graph.graph}
    total = sum(work.values())
    return sum(work[name] for name in nodes) / total if total else 0.0


def _is_among(sample: Sample, others: Sequence[Sample]) -> bool:
    return any(
        all(np.array_equal(array, other[name]) for name, array in sample.items())
        for other in others
    )


def _unmet(asked: str, best: str, why: str = "") -> VerificationError:
    return VerificationError(
        f"No file reaches {asked}: the best was {best}.",
        where="--keep-float auto",
        why=why,
        todo=_TODO,
    )
