"""What a target is: what the stages give it, and what they ask of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from _edgeship.export.contract.about import About

if TYPE_CHECKING:
    import onnx_ir as ir

    from _edgeship.artifacts import OutputFolder
    from _edgeship.export.calibration.preprocess import Preprocess
    from _edgeship.export.calibration.ranges import Observed, Ranges
    from _edgeship.export.contract.manifest import Artifact
    from _edgeship.export.contract.model_file import ModelFile
    from _edgeship.export.contract.request import Request
    from _edgeship.export.contract.schemes import Scheme
    from _edgeship.export.network.network import Network
    from _edgeship.export.preparation.given import Given
    from _edgeship.export.runtimes.values import Outputs, Sample
    from _edgeship.export.verification.parity import Parity
    from _edgeship.export.verification.parts import Part


@dataclass(frozen=True)
class Job:
    """All that a target needs in order to write its files.

    Attributes:
        request: What the user asked for.
        network: What is exported.
        model: What was counted and published, as in the manifest.
        graph: The rewritten ONNX graph; targets work on copies of it.
        onnx_sha256: Digest of that graph's file.
        samples: The samples that ranges are measured on; empty if no scheme measures any.
        checked: The samples that files are verified on: others, where there are enough.
        reference: What the network computes from them.
        preprocess: What an input image goes through; None for networks on other inputs.
        schemes: The schemes that this target was asked for.
        nhwc: The inputs that take pictures with their channels at the end.
        parts: What of the outputs is compared one by one.
        given: The scales that the network had, if it was quantized before.
        original: What that file computes, which files with these scales are compared with.
        labels: Output -> the name of each of its classes, in the order of its scores.
        about: What is known about the network for people: what the user says, and what the
            publisher of its weights does where the user says nothing.
    """

    request: Request
    network: Network
    model: Mapping[str, Any]
    graph: ir.Model
    onnx_sha256: str
    samples: Sequence[Sample]
    checked: Sequence[Sample]
    reference: Outputs
    preprocess: Preprocess | None
    schemes: tuple[Scheme, ...]
    nhwc: frozenset[str] = frozenset()
    parts: Sequence[Part] = ()
    given: Given | None = None
    original: Outputs | None = None
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    about: About = field(default_factory=About)


#: Returns why outputs are out of the tolerance that a file is judged by, in a sentence, or "".
Judge = Callable[["Outputs"], str]


class Written(Protocol):
    """A file or package made by one scheme, not yet saved."""

    @property
    def detail(self) -> str:
        """What it is, for the table of stages."""

    @property
    def warning(self) -> str:
        """What the user should know about it, or ""."""

    @property
    def rounded(self) -> Parity | None:
        """The network with weights as this file stores them, if 8 bits per channel are not it."""

    def run(self) -> Outputs:
        """Return what it computes from the samples that are verified on, in ONNX axis order."""

    def divergence(self, min_sqnr_db: float | None) -> str:
        """Return a sentence that names the first tensor out of tolerance, or "".

        Args:
            min_sqnr_db: The SQNR in dB that a tensor must reach; None for the tolerance of float.
        """

    def check(self, again: Judge) -> None:
        """Check what the outputs alone do not show.

        Args:
            again: Judges outputs that something else than `run` computed, as those of `run` were.

        Raises:
            InputError: What the user asks for cannot be checked here.
            VerificationError: Something is wrong.
        """

    def record(self, name: str, parity: Parity, rounded_db: float | None) -> Artifact:
        """Return the manifest's entry for it.

        Args:
            name: Of the file.
            parity: How its outputs compare with the reference.
            rounded_db: The yardstick that it was judged by, in dB, if there was one.
        """

    def save(self, name: str, folder: OutputFolder) -> None:
        """Write it under its temporary name."""


class Prepared(Protocol):
    """A graph lowered for one target, from which files of all its schemes are made."""

    @property
    def detail(self) -> str:
        """What was made, for the table of stages."""

    @property
    def parity(self) -> Parity | None:
        """How lowering itself changed the outputs, where that was measured."""

    @property
    def reference(self) -> Outputs:
        """What the files are compared with: the network's outputs, unless the inputs changed."""

    @property
    def notes(self) -> Sequence[str]:
        """Remarks to print at the end of the export."""

    def operators(self) -> Mapping[str, str]:
        """Return name of a value of the job's graph -> the operators of the files that compute it.

        Values that no operator computes are left out, as those are that nothing here can trace.
        """

    def calibrate(self) -> Observed:
        """Observe every activation on all samples."""

    def rehearse(
        self,
        scheme: Scheme,
        ranges: Ranges,
        samples: Sequence[Sample],
        keep: Collection[str] = (),
        finished: bool = False,
    ) -> Outputs | None:
        """Return what the file of a scheme would compute; None where that takes too long.

        Args:
            scheme: One of the target's.
            ranges: As for `write`.
            samples: The network's inputs; not those that files are verified on.
            keep: As for `write`.
            finished: Whether what takes seconds is done as well, as `write` does it.
        """

    def write(self, scheme: Scheme, ranges: Ranges, keep: Collection[str] = ()) -> Written:
        """Make the file of a scheme.

        Args:
            scheme: One of the target's.
            ranges: Of all activations, chosen by what `calibrate` saw; empty for schemes that
                need none.
            keep: Names of values of the job's graph that are to be computed in float, with the
                weights that this takes; targets that cannot do so are never given any.

        Raises:
            UnsupportedError: The network cannot be expressed.
        """


def no_session() -> AbstractContextManager[str]:
    """Return a context that does nothing, for targets that need no preparation."""
    from contextlib import nullcontext

    return nullcontext("")


def refuse_nothing(request: Request, schemes: Sequence[Scheme]) -> None:
    """Accept every request, for targets that have no demands of their own."""


@dataclass(frozen=True)
class Target:
    """A kind of file that networks are exported to, described to everything else by one value.

    Attributes:
        name: As given to ``--to``.
        title: For people.
        suffix: What its files' names end in.
        opens: Further endings of names of files that ``open`` reads.
        schemes: The quantization schemes that it has, by name.
        delegates: What ``--require-delegate`` can ask of its files.
        options: Fields of `Request` that only some targets read, this one among them -> how the
            command line calls the option.
        declined: Fields of `Request` that it cannot serve, though others can -> why.
        picks_boxes: Whether its files can pick the boxes of a detector.
        lower: Lowers the graph of a job.
        open: Reads a file for ``inspect`` and ``verify``.
        operators: Returns ONNX operator -> what becomes of it, in a phrase.
        refuse: Raises InputError for a request that is bound to fail, before anything is loaded.
        library: What ``session`` imports, where that takes long enough to be a stage of its own.
        session: Surrounds all work on a target that has a ``library``; its value says what was
            imported.
        runtimes: What `verify` can run its files in, in words for the help.
        packages: Python packages that it needs beside those of every export -> what for.
        next_steps: Returns what to do with a written file, one line each.
    """

    name: str
    title: str
    suffix: str
    schemes: Mapping[str, Scheme]
    lower: Callable[[Job], Prepared]
    open: Callable[[Path], ModelFile]
    operators: Callable[[], Mapping[str, str]]
    opens: tuple[str, ...] = ()
    delegates: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    declined: Mapping[str, str] = field(default_factory=dict)
    picks_boxes: bool = False
    refuse: Callable[[Request, Sequence[Scheme]], None] = refuse_nothing
    library: str = ""
    session: Callable[[], AbstractContextManager[str]] = no_session
    runtimes: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    next_steps: Callable[[str], Sequence[str]] = lambda file: ()

    def file_name(self, name: str, scheme: Scheme) -> str:
        """Return the name of a network's file in a scheme."""
        return f"{name}_{scheme.suffix}{self.suffix}"
