"""What a comparison of two deliveries found, as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from _edgeship.export.evaluation.results import Evaluation

#: What a change belongs to, in the order in which it is told: what breaks callers comes first.
Topic = Literal[
    "files",
    "inputs",
    "outputs",
    "preprocessing",
    "labels",
    "requirements",
    "types",
    "weights",
    "calibration",
    "operators",
    "delegates",
    "sizes",
    "parity",
    "accuracy",
    "model",
    "about",
    "metadata",
    "versions",
    "bundle",
    "manifest",
]

TOPICS: tuple[Topic, ...] = get_args(Topic)

Verdict = Literal["no difference", "drop-in replacement", "the app must change"]


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was.

    Attributes:
        topic: What it belongs to.
        what: Which thing, such as ``scores: name``.
        before: In the first delivery, ready for JSON; None where it was not there.
        after: In the second.
        app: What the app must do about it, in the imperative; "" where it need do nothing.
    """

    topic: Topic
    what: str
    before: Any
    after: Any
    app: str = ""


@dataclass(frozen=True)
class OutputDistance:
    """How far an output of the new file is from that of the old one, on the same samples.

    Attributes:
        before: Its name in the old file.
        after: In the new one.
        top1_agreement: The fraction of rows with the same largest entry, for outputs (N, K).
        agreement: The fraction of equal elements, for integers and truth values.
        sqnr_db: Signal to noise, in dB, with the old output as the signal; infinite where equal.
        max_abs: The largest difference, in the unit of the output.
        max_rel: The same, divided by the range of the old output.
        problem: Why there are no numbers; "" where there are.
    """

    before: str
    after: str
    top1_agreement: float | None = None
    agreement: float | None = None
    sqnr_db: float | None = None
    max_abs: float | None = None
    max_rel: float | None = None
    problem: str = ""


@dataclass(frozen=True)
class OutputsComparison:
    """What both files gave on the same samples, each with its own preprocessing.

    Attributes:
        source: What the samples are, in words.
        samples: How many there are.
        outputs: The outputs that both have.
        notes: What a reader must know to judge the numbers.
        problem: Why they were not compared; "" where they were.
    """

    source: str
    samples: int
    outputs: tuple[OutputDistance, ...]
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def equal(self) -> bool:
        """Whether all outputs are the same."""
        return not self.problem and all(one.max_abs == 0 for one in self.outputs)


@dataclass(frozen=True)
class FileDifferences:
    """An old file and the new one that takes its place.

    Attributes:
        before: Name of the old one.
        after: Name of the new one.
        same_bytes: Whether they are the same, byte for byte.
        changes: What is not as it was.
        outputs: What they compute; None where nobody asked, or nothing can differ.
        accuracy: How good they are on labelled pictures; None where nobody asked.
        notes: What could not be compared, and why.
    """

    before: str
    after: str
    same_bytes: bool
    changes: tuple[Change, ...]
    outputs: OutputsComparison | None = None
    accuracy: Evaluation | None = None
    notes: tuple[str, ...] = ()

    @property
    def computes_the_same(self) -> bool:
        """Whether nothing is known to differ in what they compute."""
        return self.outputs is None or self.outputs.equal


@dataclass(frozen=True)
class Differences:
    """All that was found.

    Attributes:
        before: What the user calls the old delivery.
        after: And the new one.
        changes: What is not as it was in all files alike, and beside the files.
        files: The files that both have.
        notes: What could not be compared, and why.
    """

    before: str
    after: str
    changes: tuple[Change, ...]
    files: tuple[FileDifferences, ...]
    notes: tuple[str, ...] = ()

    @property
    def breaking(self) -> tuple[str, ...]:
        """What the app must do, each thing once."""
        everywhere = [(one, "") for one in self.changes]
        several = len(self.files) > 1
        own = [
            (one, f"{file.after}: " if several else "")
            for file in self.files
            for one in file.changes
        ]
        return tuple(
            dict.fromkeys(f"{where}{one.app}" for one, where in [*everywhere, *own] if one.app)
        )

    @property
    def verdict(self) -> Verdict:
        """Whether an app can take the new delivery in place of the old one."""
        if self.breaking:
            return "the app must change"
        same = all(not one.changes and one.computes_the_same for one in self.files)
        return "drop-in replacement" if self.changes or not same else "no difference"

    @property
    def in_words(self) -> str:
        """The verdict in a line, with what the outputs say where they are not the same."""
        ran = [one.outputs for one in self.files if one.outputs is not None]
        if self.verdict == "no difference" or not ran or all(one.equal for one in ran):
            return self.verdict
        if any(one.problem for one in ran):
            return f"{self.verdict}; not all outputs could be compared"
        same = [
            one.top1_agreement
            for each in ran
            for one in each.outputs
            if one.top1_agreement is not None
        ]
        if not same:
            return f"{self.verdict}; outputs differ"
        return f"{self.verdict}; outputs differ: the same top-1 on {min(same):.1%} of the samples"

    def to_dict(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return {"verdict": self.verdict, "app": list(self.breaking), **asdict(self)}
