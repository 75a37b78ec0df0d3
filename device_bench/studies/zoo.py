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
from _edgeship.export.tflite.schemes import SCHEMES

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
class Entry:
    """A file of the grid.

    Attributes:
        model: Name in the registry.
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


def choose(patterns: Sequence[str], weights: str | None) -> list[str]:
    """Return the networks that shell-style patterns match, once each and by their main names.

    Args:
        patterns: Such as "mobilenet_v2_*". Without any, with CIFAR-10 weights: the networks that
            have some; otherwise those of `FIGURE_1` whose speed the paper gives.
        weights: One of `WEIGHTS`, or None.

    Raises:
        InputError: A pattern matches nothing.
    """
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
    model: str,
    schemes: Sequence[str],
    weights: str | None,
    folder: Path,
    report: Callable[[str], None],
) -> list[Entry]:
    """Return a network's files, exporting it if one is missing.

    A file that was changed, or made by other versions of edgeship or of the packages that it
    depends on, counts as missing.

    Args:
        model: Name in the registry.
        schemes: Quantization schemes.
        weights: One of `WEIGHTS`, or None for random ones, which take as long.
        folder: The folder in which each network has one.
        report: Called with the network's name before an export, which takes seconds.

    Raises:
        EdgeshipError: The export failed, or there are no such weights.
    """
    from _edgeship.models.catalog.registry import spec

    out = folder / f"{model}-{weights or 'untrained'}"
    manifest = _manifest_of(out, model, schemes)
    if manifest is None:
        from _edgeship.export.contract.request import Request
        from _edgeship.export.pipeline import export

        report(model)
        kept = [one for one in SCHEMES if one in schemes or _manifest_of(out, model, [one])]
        request = Request(model, schemes=tuple(kept), weights=weights, out=out)
        manifest = export(request).manifest
    family, _, width = model.rpartition("_x")
    # With weights of our own training the network has another input than in its paper.
    as_in_paper = manifest.model["published"].get("mult_adds") is not None
    speed = spec(model).published_speed.get("arm") if as_in_paper else None
    return [
        Entry(
            model=model,
            family=family or model,
            width=f"x{width}" if family else model,
            scheme=scheme,
            path=_path(out, model, scheme),
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
    if published.get("top1_error") is not None:
        where = f"published in {published['paper']}, on ImageNet; the files here are untrained"
        return Accuracy(100 - float(published["top1_error"]), where)
    return None


def _path(out: Path, model: str, scheme: str) -> Path:
    return out / f"{model}_{SCHEMES[scheme].suffix}.tflite"


def _manifest_of(out: Path, model: str, schemes: Sequence[str]) -> Manifest | None:
    """Return the manifest of the schemes' files, or None unless these versions made all of them."""
    from _edgeship.export.contract.manifest import versions
    from _edgeship.export.contract.recorded import find_record

    manifest = None
    for scheme in schemes:
        path = _path(out, model, scheme)
        record = find_record(path, path.read_bytes()) if path.is_file() else None
        if record is None or not record.unchanged or record.manifest.versions != versions():
            return None
        manifest = record.manifest
    return manifest
