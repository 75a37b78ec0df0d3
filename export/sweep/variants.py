"""From a sweep file to what is to be made: one variant for each file, one task for each export."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from _edgeship.errors import InputError
from _edgeship.export.contract.choices import check_request, schemes_for
from _edgeship.export.contract.schemes import canonical
from _edgeship.export.pipeline import TARGETS
from _edgeship.export.sweep.options import Options, request_of
from _edgeship.export.sweep.sweep_file import Choice, Network, SweepFile
from _edgeship.models.catalog.registry import names as registered
from _edgeship.models.catalog.registry import spec
from _edgeship.terminal.words import unknown


@dataclass(frozen=True)
class Variant:
    """A file that is wanted: a network in one scheme of one target, with one set of options.

    Attributes:
        network: What tables call the network.
        model: As `python -m export` takes it; paths are relative to the sweep file's folder.
        target: Name of the target.
        scheme: Name of the scheme.
        options: Name of the set of options; "" where the sweep file has none.
        given: What `options.Options.given` returns for the network and the set together.
        files: Files and folders that options name, beside the model.
        depends: Patterns of further files that its code reads.
    """

    network: str
    model: str
    target: str
    scheme: str
    options: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()

    @property
    def export(self) -> tuple[str, str, str]:
        """What variants have in common that one export makes."""
        return self.network, self.target, self.options

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What no other variant of a sweep has."""
        return self.network, self.target, self.options, self.scheme

    @property
    def title(self) -> str:
        """The variant in a few words."""
        return " ".join(filter(None, (self.network, self.target, self.scheme, self.options)))


def variants_of(sweep: SweepFile, folder: Path) -> list[Variant]:
    """Return everything that a sweep file asks for, each once: what one export makes together.

    Args:
        sweep: What the file says.
        folder: The folder that it lies in.

    Raises:
        InputError: A name in it is unknown, nothing is left, or options do not go together.
    """
    networks = [one for entry in sweep.networks for one in _networks(entry, folder)]
    _check_names(networks)
    every = {
        "networks": [network.name for network in networks],
        "targets": list(TARGETS),
        "schemes": sorted({name for target in TARGETS.values() for name in target.schemes}),
        "options": list(sweep.options) or [""],
    }
    main = Choice.model_validate({"targets": sweep.targets, "schemes": canonical(sweep.schemes)})
    _check_choice(main, every, "the sweep")
    found: dict[tuple[str, str, str, str], Variant] = {}
    for place, choice in enumerate((main, *sweep.include)):
        if place:
            _check_choice(choice, every, f"include[{place}]")
        for one in _product(choice, sweep, networks):
            found.setdefault(one.identity, one)
    for place, choice in enumerate(sweep.exclude, 1):
        _check_choice(choice, every, f"exclude[{place}]")
        found = {key: one for key, one in found.items() if not matches(choice, one)}
    if sweep.evaluate is not None:
        _check_choice(sweep.evaluate, every, "evaluate")
    if not found:
        raise InputError("The sweep is empty.", todo="look at its targets, schemes and exclude")
    groups = by_export(list(found.values()))
    for group in groups:
        _check_options(group, folder)
    return [one for group in groups for one in group]


def by_export(variants: Sequence[Variant]) -> list[list[Variant]]:
    """Return the variants in groups that one export makes."""
    groups: dict[tuple[str, str, str], list[Variant]] = {}
    for one in variants:
        groups.setdefault(one.export, []).append(one)
    return list(groups.values())


def _networks(entry: Network, folder: Path) -> list[Network]:
    """Return the networks that an entry names, each with a name."""
    own = ":" in entry.model or (folder / entry.model).is_file()
    if not own and any(letter in entry.model for letter in "*?["):
        matching = list(dict.fromkeys(spec(n).alias_of or n for n in registered(entry.model)))
        if not matching:
            raise InputError(
                f"No model's name matches {entry.model!r}.",
                todo="`python -m models list` prints every name",
            )
        if entry.name and len(matching) > 1:
            raise InputError(f"{entry.model!r} matches {len(matching)} networks, with one name.")
        return [
            entry.model_copy(update={"model": name, "name": entry.name or name})
            for name in matching
        ]
    if not own and entry.model not in registered():
        if os.sep in entry.model or Path(entry.model).suffix:
            raise InputError(
                f"The network {entry.model} does not exist.",
                where=str(folder),
                todo="paths are relative to the sweep file",
            )
        raise unknown(entry.model, registered(), "network", "networks")
    label = entry.model
    if own:
        place, _, function = entry.model.rpartition(":")
        label = f"{Path(place).stem}-{function}" if place else Path(entry.model).stem
    return [entry.model_copy(update={"name": entry.name or label})]


def _check_names(networks: Sequence[Network]) -> None:
    seen: dict[str, Network] = {}
    for network in networks:
        other = seen.setdefault(network.name, network)
        if other is not network:
            raise InputError(
                f"Two networks of the sweep are called {network.name}.",
                why=f"{other.model} and {network.model}",
                todo='give one another name: {model = "...", name = "..."}',
            )


def _check_choice(choice: Choice, every: Mapping[str, Collection[str]], where: str) -> None:
    """Check that each name of a choice means something."""
    for noun, known in every.items():
        for name in getattr(choice, noun) or ():
            if noun == "schemes":
                [name] = canonical([name])
            if not any(fnmatchcase(one, name) for one in known):
                raise unknown(name, known, noun.removesuffix("s"), f"{noun} of {where}")


def _product(choice: Choice, sweep: SweepFile, networks: Sequence[Network]) -> Iterator[Variant]:
    """Yield every combination of a choice for which there is a file."""
    targets = choice.targets or sweep.targets
    schemes = canonical(choice.schemes or sweep.schemes)
    sets: Mapping[str, Options] = sweep.options or {"": Options()}
    for network in networks:
        if not _in(network.name, choice.networks):
            continue
        for target in (name for name in TARGETS if _in(name, targets)):
            wanted = [name for name in TARGETS[target].schemes if _in(name, schemes)]
            for options in (name for name in sets if _in(name, choice.options)):
                for scheme in schemes_for(TARGETS[target], wanted):
                    yield _variant(network, target, scheme.name, options, sets[options])


def _variant(network: Network, target: str, scheme: str, name: str, options: Options) -> Variant:
    given = {**network.given(), **options.given()}
    return Variant(
        network=network.name,
        model=network.model,
        target=target,
        scheme=scheme,
        options=name,
        given=given,
        files=tuple(Options.model_validate(_by_alias(given)).files()),
        depends=network.depends,
    )


def _by_alias(given: Mapping[str, Any]) -> dict[str, Any]:
    return {Options.model_fields[name].alias or name: value for name, value in given.items()}


def matches(choice: Choice, one: Variant) -> bool:
    """Return whether a variant is among those that a choice stands for."""
    return (
        _in(one.network, choice.networks)
        and _in(one.target, choice.targets)
        and _in(one.scheme, None if choice.schemes is None else canonical(choice.schemes))
        and _in(one.options, choice.options)
    )


def _in(name: str, patterns: Sequence[str] | None) -> bool:
    return patterns is None or any(fnmatchcase(name, pattern) for pattern in patterns)


@cache
def _check_labelled(path: Path) -> None:
    from _edgeship.export.evaluation.labelled import labelled

    labelled(path)


def _check_options(group: Sequence[Variant], folder: Path) -> None:
    """Check that files are there, and that options go with target and schemes."""
    first = group[0]
    for name in first.files:
        place = name.partition(":")[0] if not (folder / name).exists() else name
        if not (folder / place).exists():
            raise InputError(
                f"{name}, which the sweep names for {first.network}, does not exist.",
                where=str(folder),
                todo="paths are relative to the sweep file",
            )
    given = dict(first.given)
    if given.get("labels", "checkpoint") != "checkpoint":
        given["labels"] = str(folder / given["labels"])
    if "eval_" in given:
        given["eval_"] = str(folder / given["eval_"])
        _check_labelled(Path(given["eval_"]))
    schemes = tuple(one.scheme for one in group)
    try:
        check_request(request_of(first.model, first.target, schemes, given, None), TARGETS)
    except InputError as error:
        error.where = f"{first.title} of the sweep"
        error.todo = error.todo or "leave the combination out with [[exclude]]"
        raise
