"""From two deliveries to what changed between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from _edgeship.errors import InputError
from _edgeship.export.differences.delivery import Delivery, Shipped, open_delivery
from _edgeship.export.differences.facts import fact_changes
from _edgeship.export.differences.labels import label_changes, labels_of
from _edgeship.export.differences.mapping import mapped
from _edgeship.export.differences.outputs import compare_outputs
from _edgeship.export.differences.pairing import paired
from _edgeship.export.differences.ports import match, port_changes, ports_of
from _edgeship.export.differences.record import (
    manifest_changes,
    other_entries,
    preprocess_changes,
)
from _edgeship.export.differences.recorded_accuracy import accuracy_changes
from _edgeship.export.differences.results import TOPICS, Change, Differences, FileDifferences
from _edgeship.export.evaluation.data import open_data
from _edgeship.export.evaluation.evaluate import Question, evaluate
from _edgeship.export.evaluation.results import Evaluation
from _edgeship.terminal.progress import Listener


@dataclass(frozen=True)
class Asked:
    """How far the comparison goes.

    Attributes:
        run: Whether to run the files.
        samples: What on, as for `load_samples`.
        pictures: Labelled or other pictures to evaluate both files on; None for none.
        labels: Their classes, in the order of the scores; empty to find out.
        limit: The most of these pictures; None for all.
    """

    run: bool = True
    samples: str | None = None
    pictures: Path | None = None
    labels: tuple[str, ...] = ()
    limit: int | None = None


def compare_deliveries(
    before: Path, after: Path, asked: Asked, listener: Listener | None = None
) -> Differences:
    """Say what changed from one delivery to another.

    Args:
        before: A bundle, the folder of an export, or a file: what the app has.
        after: The same: what it is to take.
        asked: How far to go.
        listener: Is told how far it is.

    Raises:
        InputError: One is none of these, or is damaged; or the samples cannot be read.
        UnsupportedError: Nothing here can read a file.
    """
    listener = listener or Listener()
    if asked.pictures is not None:
        with open_data(asked.pictures):
            pass  # refuses what is wrong with them, and not after everything else
    with open_delivery(before) as old, open_delivery(after) as new:
        pairs = paired(old, new)
        files = []
        for pair in pairs:
            listener.say(f"comparing {pair[1].name}")
            file = _file(*pair, asked, listener)
            names = pair[0].name, pair[1].name
            told = accuracy_changes(old.accuracy, new.accuracy, names)
            files.append(replace(file, changes=_in_order((*file.changes, *told))))
        changes = [*_deliveries(old, new, pairs), *(_common(files) if len(files) > 1 else ())]
        files = [_without(file, changes) for file in files]
        return Differences(
            before=old.name,
            after=new.name,
            changes=_in_order(changes),
            files=tuple(files),
            notes=_notes(old, new),
        )


def _deliveries(
    old: Delivery, new: Delivery, pairs: Sequence[tuple[Shipped, Shipped]]
) -> list[Change]:
    """Return what changed beside the files that both have."""
    before, after = ({id(pair[side]) for pair in pairs} for side in (0, 1))
    changes = [
        Change("files", f"{file.name}: removed", file.name, None, f"do without {file.name}")
        for file in old.files
        if id(file) not in before and new.whole
    ]
    changes += [
        Change("files", f"{file.name}: added", None, file.name)
        for file in new.files
        if id(file) not in after and old.whole
    ]
    if old.others and new.others:
        changes += mapped("bundle", "", old.others, new.others)
        changes += mapped("bundle", "", {"signed": old.signed}, {"signed": new.signed})
    return changes


def _file(before: Shipped, after: Shipped, asked: Asked, listener: Listener) -> FileDifferences:
    """Return what changed from one file to the one in its place."""
    facts = before.model.facts(), after.model.facts()
    changes = mapped("files", "name", {"": before.name}, {"": after.name})
    inputs, outputs = (
        (
            ports_of(side, before.artifact, facts[0]),
            ports_of(side, after.artifact, facts[1]),
        )
        for side in ("inputs", "outputs")
    )
    changes += port_changes("inputs", *inputs, match(*inputs))
    matched = match(*outputs)
    changes += port_changes("outputs", *outputs, matched)
    names = [(outputs[0][old].name, outputs[1][new].name) for old, new in matched.pairs]
    for old, new in names:
        changes += label_changes(new, labels_of(before, old), labels_of(after, new))
    prepared = preprocess_changes(before, after)
    changes += [*prepared, *manifest_changes(before, after), *fact_changes(before, after)]
    same = before.model.digest == after.model.digest
    if not same and all(one.topic == "files" for one in changes):
        changes += _bytes(before, after)
    if not changes:
        changes = other_entries(before, after)
    compared = accuracy = None
    notes: list[str] = []
    if asked.run and (prepared or not same):
        compared = compare_outputs(before, after, names, asked.samples)
    if asked.pictures is not None:
        try:
            accuracy = _evaluated(before, after, asked, asked.pictures, listener)
        except InputError as error:
            # What keeps two files from being evaluated side by side is itself a difference.
            why = " ".join(f"{error.what} {error.why}".split())
            notes.append(f"accuracy was not compared: {why}")
    return FileDifferences(
        before=before.name,
        after=after.name,
        same_bytes=same,
        changes=_in_order(changes),
        outputs=compared,
        accuracy=accuracy,
        notes=tuple(notes),
    )


def _bytes(before: Shipped, after: Shipped) -> list[Change]:
    """Return that bytes differ, where nothing that is read from them does."""
    return mapped("files", "", {"sha256": before.model.digest}, {"sha256": after.model.digest})


def _evaluated(
    before: Shipped, after: Shipped, asked: Asked, pictures: Path, listener: Listener
) -> Evaluation:
    """Return how good both files are, by the names that people have for them."""
    called = {str(file.path): file.called for file in (before, after)}
    question = Question(tuple(called), data=pictures, labels=asked.labels, limit=asked.limit)
    found = evaluate(question, listener)

    def renamed(text: str) -> str:
        for path, name in called.items():
            text = text.replace(path, name)
        return text

    return replace(
        found,
        classes=renamed(found.classes),
        notes=tuple(map(renamed, found.notes)),
        files=tuple(replace(one, name=called[one.name]) for one in found.files),
        comparisons=tuple(
            replace(one, name=called[one.name], reference=called[one.reference])
            for one in found.comparisons
        ),
    )


def _common(files: Sequence[FileDifferences]) -> list[Change]:
    """Return what changed in all files alike."""
    first, *others = files
    return [one for one in first.changes if all(one in file.changes for file in others)]


def _without(file: FileDifferences, told: Sequence[Change]) -> FileDifferences:
    return replace(file, changes=tuple(one for one in file.changes if one not in told))


def _in_order(changes: Sequence[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda change: TOPICS.index(change.topic)))


def _notes(old: Delivery, new: Delivery) -> tuple[str, ...]:
    notes = [*old.notes, *new.notes]
    bare = [one.name for one in (old, new) if not one.recorded]
    if bare:
        notes.append(
            f"no manifest.json tells of {' and '.join(bare)}: preprocessing and labels are "
            "compared as far as files tell them, and where weights come from is not"
        )
    return tuple(notes)
