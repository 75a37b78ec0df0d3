"""What Xcode shows about a package: the fields of its General tab and further facts by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.contract.about import About
from _edgeship.export.network.network import Network

_UNTRAINED = "UNTRAINED: random weights, right for measuring speed and size only."

#: Facts about the training that are worth an entry, where they are known.
_TRAINING = ("dataset", "top1_accuracy", "test_accuracy", "url")

#: The entry that Xcode's tab "Preview" goes by. Classifiers of pictures need no parameters beside.
_PREVIEW = "com.apple.coreml.model.preview.type"

#: Digits of the digest that stand for the version.
_VERSION_DIGITS = 12


@dataclass(frozen=True)
class Description:
    """What is written into a package for people.

    Attributes:
        short: What the network is, in a sentence or two.
        author: Who trained the weights; empty if that is not known.
        license: That of the weights; empty if it is not known.
        version: Which graph it was made from.
        entries: Further facts by name.
        previewed: Whether Xcode can show what the package makes of a picture: it names classes.
    """

    short: str = ""
    author: str = ""
    license: str = ""
    version: str = ""
    entries: Mapping[str, str] = field(default_factory=dict)
    previewed: bool = False

    def write(self, model: Any, features: Mapping[str, str]) -> None:
        """Write it into a ``coremltools.models.MLModel``.

        Args:
            model: The model.
            features: Input or output -> what it holds.
        """
        model.short_description = self.short
        model.author = self.author
        model.license = self.license
        model.version = self.version
        for key, value in self.entries.items():
            model.user_defined_metadata[key] = value
        if self.previewed:
            model.user_defined_metadata[_PREVIEW] = "imageClassifier"
        described = model.get_spec().description
        for own, side in (
            (model.input_description, described.input),
            (model.output_description, described.output),
        ):
            for feature in side:
                own[feature.name] = features.get(feature.name, "")


def describe(
    network: Network,
    counted: Mapping[str, Any],
    preprocess: Preprocess | None,
    onnx_sha256: str,
    about: About,
    previewed: bool = False,
) -> Description:
    """Return what a package says about its network.

    Args:
        network: The network.
        counted: What the manifest says about it: mult_adds and params.
        preprocess: What an input image goes through; None for networks on other inputs.
        onnx_sha256: Digest of the graph that the package is made from. Where nobody has said a
            version, its first digits are it, so that a package leads to its manifest and graph.
        about: What is known about the network for people.
        previewed: Whether the package takes a picture and names classes.
    """
    training = network.training
    facts = {
        "version": _tool_version(),
        "weights": network.weights,
        "weights_sha256": network.weights_sha256,
        "paper": network.facts.get("paper"),
        "mult_adds": counted["mult_adds"],
        "params": counted["params"],
        **{key: training.get(key) for key in _TRAINING},
        "preprocessing": None if preprocess is None else sentence(preprocess),
        "onnx_sha256": onnx_sha256,
    }
    known = {f"edgeship.{key}": str(value) for key, value in facts.items() if value is not None}
    return Description(
        short=about.description or _short(network),
        author=about.author,
        license=about.license,
        version=about.version or onnx_sha256[:_VERSION_DIGITS],
        entries=known,
        previewed=previewed,
    )


def sentence(preprocess: Preprocess) -> str:
    """Return how a picture is preprocessed, in one line."""
    said = preprocess.describe()
    mean, std = (
        ", ".join(f"{v:g}" for v in values) for values in (preprocess.mean, preprocess.std)
    )
    return (
        f"{said['color_order']}; {said['resize']}; pixels / 255, minus mean ({mean}), "
        f"divided by std ({std})"
    )


def _short(network: Network) -> str:
    facts = network.facts
    paper = f", {facts['paper']}, {facts['year']}" if facts.get("paper") else ""
    weights = _UNTRAINED if network.untrained else f"Weights: {network.weights}."
    return f"{network.name}{paper}. {weights}"


def _tool_version() -> str:
    try:
        return metadata.version("edgeship")
    except metadata.PackageNotFoundError:
        return "a checkout that is not installed"
