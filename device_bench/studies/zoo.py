"""A grid of networks and schemes: files to measure, and what is known of each besides its time.

The figure drawn from it is Figure 1 of the ShuffleNet V2 paper (arXiv 1807.11164): accuracy
against speed, and mult-adds against speed, which is how that paper shows that mult-adds do not
determine the speed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from _edgeship.errors import InputError
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.network.network import file_name
from _edgeship.export.tflite.schemes import SCHEMES
from _edgeship.files import sha256_of

if TYPE_CHECKING:
    from _edgeship.export.contract.manifest import Manifest

#: The four architectures of the paper's Figure 1.
FIGURE_1 = ("shufflenet_v2_x*", "mobilenet_v2_x*", "shufflenet_v1_g3_x*", "xception_like_x*")

#: What `weights` may be: the accuracies of a grid must be on one data set.
WEIGHTS = ("cifar10", "imagenet")


@dataclass(frozen=True)
class Accuracy:
    """Top-1 accuracy.

    Attributes:
        percent: Percentage of pictures whose highest score is that of their class.
        source: Whose figure it is, and on which pictures.
        of_file: Whether the file itself was evaluated; otherwise it is the network's in float.
    """

    percent: float
    source: str
    of_file: bool = False


@dataclass(frozen=True)
class Chosen:
    """A network of the grid, before it is exported.

    Attributes:
        model: A name of the registry, or a network of the user's, as an export names it.
        weights: One of `WEIGHTS` or a checkpoint; None for random ones, which take as long, and
            for those that a network of the user's has.
        shape: Of its input, batch first; where a network of the user's does not tell it.
        mean: Of each channel of its input, on the scale 0 to 1; None to find out.
        std: Standard deviation, likewise.
    """

    model: str
    weights: str | None = None
    shape: Shape | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None

    @property
    def registered(self) -> bool:
        """Whether it is a network of the registry."""
        return is_registered(self.model)

    @property
    def trained(self) -> bool:
        """Whether it has weights that mean something, as far as one can tell."""
        return self.weights is not None or not self.registered

    @property
    def folder(self) -> str:
        """The name of the folder for its files."""
        own = "untrained" if self.registered else "own"
        return f"{file_name(self.model)}-{file_name(Path(self.weights or own).name)}"


def is_registered(model: str) -> bool:
    """Return whether the registry has a network of this name."""
    from _edgeship.models.catalog.registry import names

    return model in names()


@dataclass(frozen=True)
class Entry:
    """A file of the grid.

    Attributes:
        model: Name in the registry, or of the file or function that the user named.
        family: The name without its width: "shufflenet_v2" of "shufflenet_v2_x1_0".
        width: The rest of the name, "x1_0"; the whole name if it has no width.
        scheme: Quantization scheme.
        path: The file.
        mult_adds: Mult-adds of one run, as counted.
        accuracy: None where none is known.
        paper_speed: Images per second in the paper, one thread of a Snapdragon 810; None if it
            does not measure the network.
    """

    model: str
    family: str
    width: str
    scheme: str
    path: Path
    mult_adds: int
    accuracy: Accuracy | None
    paper_speed: float | None


def choose(patterns: Sequence[str], weights: str | None) -> list[Chosen]:
    """Return the networks that the user names, once each and by their main names.

    Args:
        patterns: Shell-style ones, such as "mobilenet_v2_*"; or networks of the user's, as an
            export names them; each with "=CHECKPOINT" behind it where its weights are in a file.
            Without any, with CIFAR-10 weights: the networks that have some; otherwise those of
            `FIGURE_1` whose speed the paper gives.
        weights: One of `WEIGHTS`, or None; for those that have no checkpoint.

    Raises:
        InputError: A pattern matches nothing, there is no such checkpoint, or two networks would be
            kept in one folder.
    """
    chosen: list[Chosen] = []
    for pattern in patterns or [""]:
        model, _, checkpoint = pattern.partition("=")
        if checkpoint and not Path(checkpoint).is_file():
            raise InputError(f"The checkpoint {checkpoint} does not exist.", todo="check the path")
        if _is_own(model):
            chosen.append(Chosen(model, checkpoint or None))
            continue
        found = _matching([model] if model else [], weights)
        if checkpoint and len(found) > 1:
            raise InputError(
                f"{model!r} matches {len(found)} networks, and a checkpoint belongs to one."
            )
        chosen += [Chosen(name, checkpoint or weights) for name in found]
    once = list(dict.fromkeys(chosen))
    _check_folders(once)
    return once


def _check_folders(chosen: Sequence[Chosen]) -> None:
    """Refuse two networks of one folder: the files of one would be measured as the other's."""
    owners: dict[str, Chosen] = {}
    for one in chosen:
        other = owners.setdefault(one.folder, one)
        if other is not one:
            raise InputError(
                f"Two of the networks would be kept in one folder, {one.folder}.",
                why=f"{other.model} with {other.weights}, and {one.model} with {one.weights}",
                todo="give the checkpoints names of their own",
            )


def _is_own(model: str) -> bool:
    """Return whether a word names a network of the user's: a file, or a function in one."""
    return ":" in model or model.lower().endswith(".onnx") or Path(model).is_file()


def _matching(patterns: Sequence[str], weights: str | None) -> list[str]:
    """Return the names of the registry that patterns match, or those that are meant by none."""
    from _edgeship.models.catalog.registry import names, spec
    from _edgeship.models.weights.pretrained import shipped_names

    if not patterns and weights == "cifar10":
        return list(dict.fromkeys(spec(name).alias_of or name for name in shipped_names()))
    chosen: list[str] = []
    for pattern in patterns or FIGURE_1:
        found = names(pattern)
        if not found:
            raise InputError(
                f"No model's name matches {pattern!r}.",
                todo="`python -m models list` prints every name",
            )
        chosen += [spec(name).alias_of or name for name in found]
    if not patterns:
        chosen = [name for name in chosen if "arm" in spec(name).published_speed]
    return list(dict.fromkeys(chosen))


def prepare(
    chosen: Chosen, schemes: Sequence[str], folder: Path, report: Callable[[str], None]
) -> list[Entry]:
    """Return a network's files, exporting it if one is missing.

    A file that was changed, or made by other versions of edgeship or of the packages that it
    depends on, counts as missing. Networks of the user's are always exported: nothing tells
    whether their code has changed.

    Args:
        chosen: The network.
        schemes: Quantization schemes.
        folder: The folder in which each network has one.
        report: Called with the network's name before an export, which takes seconds.

    Raises:
        EdgeshipError: The export failed, or there are no such weights.
    """
    from _edgeship.models.catalog.registry import spec

    model, out = chosen.model, folder / chosen.folder
    manifest = _manifest_of(chosen, out, schemes)
    if manifest is None:
        from _edgeship.export.contract.request import Request
        from _edgeship.export.pipeline import export

        report(model)
        kept = [one for one in SCHEMES if one in schemes or _manifest_of(chosen, out, [one])]
        request = Request(
            model,
            schemes=tuple(kept),
            shapes=() if chosen.shape is None else (chosen.shape,),
            weights=chosen.weights,
            mean=chosen.mean,
            std=chosen.std,
            out=out,
        )
        manifest = export(request).manifest
    files = {one.scheme: out / one.file for one in manifest.artifacts}
    name = model if chosen.registered else str(manifest.model["name"])
    family, _, width = model.rpartition("_x") if chosen.registered else ("", "", "")
    # With weights of our own training the network has another input than in its paper.
    as_in_paper = chosen.registered and manifest.model["published"].get("mult_adds") is not None
    speed = spec(model).published_speed.get("arm") if as_in_paper else None
    return [
        Entry(
            model=name,
            family=family or name,
            width=f"x{width}" if family else name,
            scheme=scheme,
            path=files[scheme],
            mult_adds=int(manifest.model["mult_adds"]),
            accuracy=accuracy(manifest),
            paper_speed=speed,
        )
        for scheme in schemes
    ]


def accuracy(manifest: Manifest) -> Accuracy | None:
    """Return the accuracy that a manifest states: that of its weights, or else the paper's.

    It is that of the network in float, whatever the scheme of the files; None if it states none.
    """
    weights = manifest.weights
    if weights.get("test_accuracy") is not None:
        where = f"evaluated after training, on the test pictures of {weights['dataset']}"
        return Accuracy(float(weights["test_accuracy"]), where)
    if weights.get("top1_accuracy") is not None:
        where = f"published with the weights by {weights['publisher']}, on {weights['dataset']}"
        return Accuracy(float(weights["top1_accuracy"]), where)
    published = manifest.model["published"]
    if published.get("top1_error") is not None and weights["untrained"]:
        where = f"published in {published['paper']}, on ImageNet; the files here are untrained"
        return Accuracy(100 - float(published["top1_error"]), where)
    return None


def _path(out: Path, model: str, scheme: str) -> Path:
    return out / f"{model}_{SCHEMES[scheme].suffix}.tflite"


def _manifest_of(chosen: Chosen, out: Path, schemes: Sequence[str]) -> Manifest | None:
    """Return the manifest of the schemes' files, or None unless these versions made all of them."""
    from _edgeship.export.contract.manifest import versions
    from _edgeship.export.contract.recorded import find_record

    if not chosen.registered or (chosen.shape, chosen.mean, chosen.std) != (None, None, None):
        return None
    digest = None if chosen.weights in (None, *WEIGHTS) else sha256_of(Path(chosen.weights or ""))
    manifest = None
    for scheme in schemes:
        path = _path(out, chosen.model, scheme)
        record = find_record(path, path.read_bytes()) if path.is_file() else None
        if record is None or not record.unchanged or record.manifest.versions != versions():
            return None
        if digest is not None and record.manifest.weights.get("sha256") != digest:
            return None
        manifest = record.manifest
    return manifest
