"""Which layers of a quantized file stay in float: those that the user names, or the fewest that do.

Layers are taken in the order of what they lose alone (`export.sensitivity`). How many of them it
takes is found by trying real files (`export.trials`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.calibration.source import evenly_spaced, tried_on
from _edgeship.export.contract.choices import AUTO
from _edgeship.export.contract.stage_log import StageLog
from _edgeship.export.contract.target import Job, Prepared, Target
from _edgeship.export.kept import Kept, kept_layers, unmet
from _edgeship.export.preparing import Ready
from _edgeship.export.sensitivity.layers import Layer, layers_of, named_layers
from _edgeship.export.trials import Trial, search

if TYPE_CHECKING:
    from _edgeship.export.calibration.ranges import Ranges
    from _edgeship.export.contract.request import PictureHalf
    from _edgeship.export.contract.schemes import Scheme
    from _edgeship.export.runtimes.values import Outputs, Sample

#: So many samples that calibration has not seen are enough to choose on half of them.
_FEWEST_UNSEEN = 4

#: How much better in dB a file must be on these than is asked for: others differ a little.
_MARGIN_DB = 0.5

#: The most layers that are left in float, as a share of all. fp16 is the better file then.
_MOST = 0.5

#: Says what the file does that leaves some values in float.
_Try = Callable[[Collection[str]], Trial]


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
            return kept_layers(self.job, self.named, scheme)
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
            raise unmet(self._asked, best, self._why(kept, exact, scheme, prepared, ranges))
        kept = replace(kept, min_sqnr=self.job.request.min_sqnr)
        if judge is None:
            return replace(kept, reached=f"chosen at {found.words}")
        judged = judge(kept.values)
        if not judged.enough:
            raise unmet(
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
        some = tried_on(self.job.samples)
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
            some = tried_on(self.job.samples)
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

        wanted = self.job.request.min_sqnr or 0.0

        def judge(reference: Outputs, outputs: Outputs) -> Trial:
            parts = compare(reference, outputs, parts=self.job.parts).parts
            worst = min(part.sqnr_db for part in parts)
            good = worst >= wanted + _MARGIN_DB
            return Trial(good, worst >= wanted, worst, f"{worst:.1f} dB")

        run = partial(prepared.rehearse, scheme, ranges, samples, finished=finished)
        return _tried(prepared.rehearse(exact, {}, samples), run, judge)

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
        most = self.job.request.max_drop or 0.0

        def judge(reference: Outputs, outputs: Outputs) -> Trial:
            drop, low, high, bound = half.drop(reference, outputs)
            words = (
                f"a drop of {drop:.2f} points ({low:.2f} to {high:.2f}) on {len(half.samples):,} "
                "pictures"
            )
            return Trial(bound <= most, drop <= most, -drop, words)

        run = partial(prepared.rehearse, scheme, ranges, half.samples, finished=finished)
        return _tried(prepared.rehearse(exact, {}, half.samples), run, judge)

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
        some = [layer for layer in self.layers if layer.name in names]
        return kept_layers(self.job, some, scheme)


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


def _tried(
    reference: Outputs | None,
    run: Callable[..., Outputs | None],
    judge: Callable[[Outputs, Outputs], Trial],
) -> _Try:
    """Return what tries files.

    Args:
        reference: What the file in float computes.
        run: Returns what one computes that leaves some values in float (``keep``).
        judge: Says how good that is.
    """

    def trial(keep: Collection[str]) -> Trial:
        try:
            outputs = run(keep=keep)
        except VerificationError as error:
            # With other layers in float there may be a file that the runtime takes.
            return Trial(False, False, -math.inf, f"refused ({error.what.rstrip('.')})")
        if reference is None or outputs is None:
            raise VerificationError("Nothing here can try such files.", todo="name the layers")
        return judge(reference, outputs)

    return trial


def _is_among(sample: Sample, others: Sequence[Sample]) -> bool:
    return any(
        all(np.array_equal(array, other[name]) for name, array in sample.items())
        for other in others
    )
