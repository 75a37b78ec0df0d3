"""What can be evaluated: a file or a network that takes one picture, and how it is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from _edgeship.errors import InputError
from _edgeship.export.calibration.input_spec import InputSpec
from _edgeship.export.calibration.preprocess import Preprocess, default_preprocess, raw_pixels
from _edgeship.export.checks.opening import open_model
from _edgeship.export.checks.relating import related
from _edgeship.export.checks.subject import assumed_preprocess
from _edgeship.export.contract.manifest import Manifest
from _edgeship.export.contract.model_file import ModelFile
from _edgeship.export.contract.recorded import (
    Record,
    find_digest,
    manifest_of_graph,
    preprocess_in,
)
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.network.definition import LiveModule
from _edgeship.export.network.network import Network
from _edgeship.export.network.source import load_network
from _edgeship.export.pipeline import TARGETS
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.files import sha256_of
from _edgeship.models.weights.pretrained import NAMED_WEIGHTS

#: Runs samples, one after another: each an array (B, ...) as the input takes it.
Run = Callable[[Sequence[NDArray[np.float32]]], Outputs]


@dataclass(frozen=True)
class Asked:
    """What the user says about the networks and the pictures, where nothing else does.

    Attributes:
        weights: Of the networks that are no files; as `load_network` takes them.
        shapes: Shape of the input, batch first, where a network does not tell.
        mean: Of each channel, on the 0..1 scale.
        std: Standard deviation of each channel, likewise.
        crop: Fraction of the resized shorter side that is kept.
        bgr: Whether networks read blue first.
    """

    weights: str | None = None
    shapes: tuple[Shape, ...] = ()
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    crop: float | None = None
    bgr: bool = False


@dataclass(frozen=True)
class Candidate:
    """A file or a network.

    Attributes:
        name: What the user called it.
        spec: What its only input takes: pictures.
        preprocess: What they go through.
        open: Returns what runs it, for batches of a size or, for None, of the file's own.
        parallel: Whether several threads may run it at once.
        notes: What a reader must know to judge the result.
        classes: Those of its scores, where they are recorded; empty if not.
        labels: The names that an application shows for them, where it has any; pictures may be
            labelled otherwise.
        close: Releases what it holds.
    """

    name: str
    spec: InputSpec
    preprocess: Preprocess
    open: Callable[[int | None], Run]
    parallel: bool = True
    notes: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    close: Callable[[], None] = field(default=lambda: None)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a picture."""
        height, width = self.picture[1:]
        return height, width

    @property
    def picture(self) -> Shape:
        """Channels, height and width of a picture."""
        shape = self.spec.picture
        if shape is None:
            raise RuntimeError("a candidate takes pictures")
        return shape


def is_file(name: str) -> bool:
    """Return whether a name is that of a file that some target writes, and not of a network."""
    endings = {end for target in TARGETS.values() for end in (target.suffix, *target.opens)}
    return Path(name.rstrip("/")).suffix.lower() in endings


def load_candidate(name: str, asked: Asked) -> Candidate:
    """Read a file, or load a network; the caller closes it.

    Args:
        name: A file of a target, or what `load_network` takes.
        asked: What the user says.

    Raises:
        InputError: It cannot be read, or takes something else than one picture.
        UnsupportedError: Nothing here can run it.
    """
    return _from_file(Path(name), asked) if is_file(name) else _from_network(name, asked)


def recorded_weights(path: Path) -> str | None:
    """Return the weights that the manifest beside a file names, as `load_network` takes them.

    Returns:
        None for the random ones of an untrained network, and for those that a function sets.

    Raises:
        InputError: There is no manifest of the file, or its weights are no longer where they were.
    """
    model = open_model(path)
    record = find_digest(path, model.digest)
    manifest = record.manifest if record is not None and record.unchanged else None
    manifest = manifest or manifest_of_graph(path, model.digest)
    todo = "give them with --weights"
    if manifest is None:
        raise InputError(f"No manifest.json says which weights {path} has.", todo=todo)
    source, digest = str(manifest.weights["source"]), manifest.weights.get("sha256")
    named = source.partition(" (")[0]
    if named in NAMED_WEIGHTS:
        return named
    if digest is None:
        return None
    if not Path(source).is_file() or sha256_of(Path(source)) != digest:
        raise InputError(
            f"The weights of {path} are not here.",
            why=f"the manifest names {source}, with another sha256 or none in this folder",
            todo=todo,
        )
    return source


def _from_file(path: Path, asked: Asked) -> Candidate:
    model = open_model(path)
    record = find_digest(path, model.digest)
    notes: list[str] = []
    if record is not None and not record.unchanged:
        notes.append(f"{record.path} was written for another {path.name}, and is left out")
        record = None
    manifest = manifest_of_graph(path, model.digest) if record is None else record.manifest
    file, inputs = related(path, model, record, asked.shapes)
    if manifest is not None and manifest.preprocess is None:
        inputs = {name: replace(spec, inner=True) for name, spec in inputs.items()}
    spec = _only_picture(str(path), inputs)
    known = None if manifest is None else preprocess_in(manifest)
    assumed = known or assumed_preprocess(model, inputs)
    preprocess = _preprocess(spec, assumed, asked)
    # A package that takes pictures normalises them itself.
    if known is None and not model.takes_pictures:
        notes += _assumption(path.name, preprocess, asked)
    [name] = inputs

    def open_file(batch: int | None) -> Run:
        run = file.open(batch)

        def run_all(arrays: Sequence[NDArray[np.float32]]) -> Outputs:
            _, samples = file.fed([{name: array} for array in arrays], preprocess)
            return [run(sample) for sample in samples]

        return run_all

    return Candidate(
        name=str(path),
        spec=spec,
        preprocess=preprocess,
        open=open_file,
        notes=(*notes, *file.notes),
        classes=_classes(manifest),
        labels=_labels(model, record),
    )


def _from_network(name: str, asked: Asked) -> Candidate:
    network = load_network(name, shapes=asked.shapes, weights=asked.weights)
    try:
        spec = _only_picture(
            name, {str(index): InputSpec(shape) for index, shape in enumerate(network.shapes)}
        )
        assumed = network.preprocess or default_preprocess((spec.picture or (3,))[0])
        preprocess = _preprocess(spec, assumed, asked)
    except BaseException:
        network.close()
        raise
    notes = () if network.preprocess else _assumption(name, preprocess, asked)
    if network.untrained:
        notes = (*notes, f"{name} is UNTRAINED: its weights are random; give --weights")
    return Candidate(
        name=f"{name} --weights {asked.weights}" if asked.weights else name,
        spec=spec,
        preprocess=preprocess,
        open=lambda batch: _run_of(network),
        parallel=_in_this_process(network),
        notes=notes,
        classes=tuple(network.training.get("classes") or ()),
        labels=network.labels,
        close=network.close,
    )


def _in_this_process(network: Network) -> bool:
    """Return whether a network is a module here; those of the user's code have one process."""
    if not isinstance(network.definition, LiveModule):
        return False
    network.definition.module.eval()  # for good: threads must not find each other's mode
    return True


def _run_of(network: Network) -> Run:
    def run(arrays: Sequence[NDArray[np.float32]]) -> Outputs:
        samples: list[Sample] = [{"input": array} for array in arrays]
        return network.definition.run(samples)

    return run


def _only_picture(name: str, inputs: Mapping[str, InputSpec]) -> InputSpec:
    """Return what the only input takes.

    Raises:
        InputError: There are several, or it takes no pictures.
    """
    first = next(iter(inputs.values()), None)
    if first is not None and len(inputs) == 1 and first.picture and len(first.picture) == 3:
        return first
    shapes = ", ".join(str(spec.shape) for spec in inputs.values())
    raise InputError(
        f"{name} does not take one picture.",
        why=f"its inputs are {shapes}" if shapes else "it has no inputs",
        todo="evaluate networks whose only input is (N, C, H, W), or with C at the end, where C is "
        "1 or 3",
    )


def _preprocess(spec: InputSpec, known: Preprocess, asked: Asked) -> Preprocess:
    """Return what pictures go through: as recorded or assumed, but for what the user says."""
    channels = (spec.picture or (3,))[0]
    if spec.dtype == np.uint8:
        known = replace(raw_pixels(channels), crop=known.crop)
    if len(known.mean) != channels:
        known = default_preprocess(channels)
    if asked.bgr and not known.bgr:
        known = replace(known, mean=known.mean[::-1], std=known.std[::-1], bgr=True)
    return Preprocess(
        mean=asked.mean or known.mean,
        std=asked.std or known.std,
        crop=known.crop if asked.crop is None else asked.crop,
        bgr=known.bgr,
    )


def _assumption(name: str, preprocess: Preprocess, asked: Asked) -> tuple[str, ...]:
    if asked.mean is not None and asked.std is not None:
        return ()
    mean, std = (
        ", ".join(f"{one:g}" for one in each) for each in (preprocess.mean, preprocess.std)
    )
    return (
        f"nothing says how {name} wants its pictures; assumed: mean {mean}, std {std}, centre crop "
        f"{preprocess.crop:g}. Give yours with --mean, --std and --crop",
    )


def _labels(model: ModelFile, record: Record | None) -> tuple[str, ...]:
    """Return the names of a file's classes, from beside its manifest or from the file itself."""
    found = (record.labels if record is not None else {}) or model.labels
    return tuple(next(iter(found.values()))) if len(found) == 1 else ()


def _classes(manifest: Manifest | None) -> tuple[str, ...]:
    found = None if manifest is None else manifest.weights.get("classes")
    return tuple(map(str, found)) if isinstance(found, list | tuple) else ()
