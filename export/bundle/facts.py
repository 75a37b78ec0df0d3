"""What a bundle's cards say, gathered once as plain values: they only lay it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from _edgeship.export.bundle.generated import Code
from _edgeship.export.bundle.pictures import SamplePicture
from _edgeship.export.bundle.top import Ranked, best, ranks
from _edgeship.export.bundle.vectors import FileRecord, Index
from _edgeship.export.contract.manifest import Artifact, Manifest, Port
from _edgeship.export.evaluation.results import Evaluation
from _edgeship.export.evaluation.statistics import Share
from _edgeship.terminal.console import size


@dataclass(frozen=True)
class Latency:
    """How long a run of a file took where it was measured.

    Attributes:
        sha256: Of the file.
        device: Name of the device.
        ran: What ran it, in words: runner, runtime, processor and threads.
        median: With its unit.
        interval: That of the median, likewise.
        when: The minute in UTC.
        unreal: Why this is no time of a phone, or "".
    """

    sha256: str
    device: str
    ran: str
    median: str
    interval: str
    when: str
    unreal: str


@dataclass(frozen=True)
class Top:
    """The best classes of one file on one picture, of one of its outputs."""

    picture: int
    output: str
    best: tuple[Ranked, ...]


@dataclass(frozen=True)
class FileFacts:
    """What is said of one file.

    Attributes:
        artifact: Its entry in the manifest.
        size: For people.
        parity: How it compares with the network, in words.
        record: Where its vectors are from.
        tops: What it makes of the pictures.
        top1: How often its best class was the label; None without an evaluation.
        top5: Likewise of the five best.
        operators: How many it has.
        delegates: What delegates take, in words.
        latencies: What was measured.
    """

    artifact: Artifact
    size: str
    parity: tuple[tuple[str, str], ...]
    record: FileRecord
    tops: tuple[Top, ...]
    top1: Share | None
    top5: Share | None
    delegates: tuple[str, ...]
    latencies: tuple[Latency, ...]

    @property
    def operators(self) -> int:
        """How many operators it has."""
        return sum(self.artifact.operators.values())

    def top(self, picture: int) -> tuple[Top, ...]:
        """Return what it makes of a picture, by its place."""
        return tuple(one for one in self.tops if one.picture == picture)


@dataclass(frozen=True)
class Facts:
    """All that the cards say.

    Attributes:
        manifest: The manifest.
        warnings: What nobody may overlook.
        pictures: The sample inputs; empty where these are no pictures.
        index: What belongs together.
        files: The model files.
        labels: Name of a file of labels -> them.
        evaluation: What was found on labelled pictures, if anybody asked.
        code: What was generated.
        signed: Whether the bundle has a signature.
    """

    manifest: Manifest
    warnings: tuple[str, ...]
    pictures: tuple[SamplePicture, ...]
    index: Index
    files: tuple[FileFacts, ...]
    labels: Mapping[str, tuple[str, ...]]
    evaluation: Evaluation | None
    code: Code
    signed: bool

    @property
    def name(self) -> str:
        """Name of the network."""
        return str(self.manifest.model["name"])

    def beside(self, file: str) -> str:
        """Return by how much top-1 of a file and of the network differ, in words; "" if unknown."""
        for one in self.evaluation.comparisons if self.evaluation is not None else ():
            if one.name == file and (paired := one.difference) is not None:
                low, high = 100 * paired.low, 100 * paired.high
                return f"{100 * paired.difference:+.1f} points, {low:+.1f} to {high:+.1f}"
        return ""

    @property
    def origin(self) -> dict[str, str]:
        """Where weights and data come from, and on which terms: a phrase each."""
        manifest = self.manifest
        weights, about = manifest.weights, manifest.about
        found = {
            "author": about.author,
            "licence of the weights": about.license or str(weights.get("licence", "")),
            "version": about.version,
            "weights": str(weights["source"]),
            "sha256 of the weights": str(weights.get("sha256") or ""),
            "published at": str(weights.get("url", "")),
            "trained on": str(weights.get("dataset", "")),
            "accuracy that its makers report": _reported(weights),
            "paper": str(manifest.model.get("published", {}).get("paper", "")),
            "parameters": _count(manifest.model.get("params")),
            "multiplications and additions of a run": _count(manifest.model.get("mult_adds")),
            "calibrated on": str((manifest.calibration or {}).get("source", "")),
            "verified on": f"{manifest.verification['samples']} samples: "
            f"{manifest.verification['source']}",
            "compared with": f"the network in {manifest.verification['reference']}",
        }
        return {name: text for name, text in found.items() if text}


def facts_of(
    manifest: Manifest,
    index: Index,
    arrays: Mapping[str, NDArray[Any]],
    pictures: Sequence[SamplePicture],
    labels: Mapping[str, tuple[str, ...]],
    evaluation: Evaluation | None,
    latencies: Sequence[Latency],
    code: Code,
    signed: bool,
) -> Facts:
    """Gather what the cards say.

    Args:
        manifest: The manifest.
        index: The vectors.
        arrays: Path in the bundle -> array, for those.
        pictures: Their pictures.
        labels: Name of a file of labels -> them.
        evaluation: What was found on labelled pictures.
        latencies: What was measured, of any files.
        code: What was generated.
        signed: Whether the bundle has a signature.
    """
    files = []
    for artifact in manifest.artifacts:
        record = index.of(artifact.file)
        results = {one.name: one for one in evaluation.files} if evaluation is not None else {}
        result = results.get(artifact.file)
        files.append(
            FileFacts(
                artifact=artifact,
                size=size(artifact.size),
                parity=_parity(artifact),
                record=record,
                tops=_tops(artifact, record, arrays, labels) if pictures else (),
                top1=result.top1 if result is not None else None,
                top5=result.top5 if result is not None else None,
                delegates=tuple(one.in_words for one in artifact.delegates),
                latencies=tuple(one for one in latencies if one.sha256 == artifact.sha256),
            )
        )
    return Facts(
        manifest=manifest,
        warnings=warnings_of(manifest, files, code, evaluation is not None),
        pictures=tuple(pictures),
        index=index,
        files=tuple(files),
        labels=labels,
        evaluation=evaluation,
        code=code,
        signed=signed,
    )


def _tops(
    artifact: Artifact,
    record: FileRecord,
    arrays: Mapping[str, NDArray[Any]],
    labels: Mapping[str, tuple[str, ...]],
) -> tuple[Top, ...]:
    return tuple(
        Top(number, port.name, tuple(best(port, arrays[path], labels_of(artifact, port, labels))))
        for number, vector in enumerate(record.vectors)
        for port, path in zip(artifact.outputs, vector.outputs, strict=True)
        if path and ranks(port)
    )


def labels_of(
    artifact: Artifact, port: Port, labels: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Return the names of the classes of an output; empty where they have none.

    A package's output by names has those of the only file of labels, if it does not say.
    """
    if port.labels:
        return labels.get(port.labels, ())
    if port.dtype == "dictionary" and len(labels) == 1:
        return next(iter(labels.values()))
    return ()


def warnings_of(
    manifest: Manifest, files: Sequence[FileFacts], code: Code, evaluated: bool
) -> tuple[str, ...]:
    """Return what nobody may overlook, the worst first."""
    found = []
    if manifest.weights["untrained"]:
        found.append(
            "UNTRAINED: the weights are random. The files are right for measuring speed and size; "
            "what they predict means nothing."
        )
    emulated = [one.record.file for one in files if one.record.emulated]
    if emulated:
        found.append(
            f"NOT RUN BY CORE ML: {' and '.join(emulated)}. Edgeship's evaluator, a second "
            "implementation of Core ML's operators, has verified what it computes. Run it once on "
            "a Mac or an iPhone and compare it with vectors/ before you ship it."
        )
    if not evaluated and not manifest.weights["untrained"]:
        found.append(
            "ACCURACY NOT MEASURED on labelled pictures when this bundle was made; what is known "
            "is how far each file is from its network."
        )
    found += [f"NO CODE for {file}: {why}" for file, why in code.without.items()]
    found += [f"{stage.stage}: {stage.warning}." for stage in manifest.stages if stage.warning]
    if "random" in str((manifest.calibration or {}).get("source", "")):
        found.append("CALIBRATED ON NOISE: real data give int8 the accuracy that it can have.")
    found += [
        f"EMULATED: what {one.record.file} took on {each.device} is no time of a "
        f"phone. {each.unreal}"
        for one in files
        for each in one.latencies
        if each.unreal
    ]
    return tuple(found)


def _parity(artifact: Artifact) -> tuple[tuple[str, str], ...]:
    """Return how the outputs compare with the network's: name of a figure -> it, in words."""
    figures = artifact.parity or {}
    found = []
    if (noise := figures.get("sqnr_db")) is not None:
        found.append(("signal to noise", f"{float(noise):.1f} dB"))
    if (error := figures.get("max_abs")) is not None:
        found.append(("largest error", f"{float(error):.2g}"))
    if (error := figures.get("max_rel")) is not None:
        found.append(("largest error, of the range", f"{float(error):.2g}"))
    if (same := figures.get("top1_agreement")) is not None:
        found.append(("same best class", f"{float(same):.0%} of the samples"))
    return tuple(found)


def _reported(weights: Mapping[str, Any]) -> str:
    if (top1 := weights.get("top1_accuracy")) is not None:
        return f"{top1} % top-1 on {weights.get('dataset', 'its test pictures')}"
    if (found := weights.get("test_accuracy")) is not None:
        return f"{found} % of the test pictures of {weights.get('dataset', 'its data')}"
    return ""


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else ""
