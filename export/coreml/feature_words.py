"""What the inputs and outputs of a package hold, in words for Xcode."""

from __future__ import annotations

from typing import Any

from _edgeship.export.contract.port_words import input_words, output_words
from _edgeship.export.contract.target import Job
from _edgeship.export.coreml.building.ports import PackageIO
from _edgeship.export.coreml.ports import Adapted


def feature_words(job: Job, io: PackageIO, adapted: Adapted, description: Any) -> dict[str, str]:
    """Return input or output of a package -> what it holds; those of which nothing is known, not.

    Args:
        job: What was exported.
        io: How the program's inputs and outputs relate to those of the graph.
        adapted: How the graph was changed for the package.
        description: Of the package, as protobuf holds it: the outputs of a classifier are none of
            the program's.
    """
    said: dict[str, str] = {}
    for port in io.inputs:
        words = input_words(job)[port.onnx_name]
        color = adapted.images.get(port.onnx_name, "")
        if color and words.pixels:
            said[port.name] = f"{color.lower() if color == 'GRAYSCALE' else color} {words.pixels}"
        elif words.description:
            said[port.name] = words.description
    known = output_words(job)
    for port in io.outputs:
        if port.onnx_name in known and known[port.onnx_name].description:
            said[port.name] = known[port.onnx_name].description
    for feature in description.output:
        kind = feature.type.WhichOneof("Type")
        if kind == "stringType":
            said[feature.name] = "the name of the likeliest class"
        elif kind == "dictionaryType":
            said[feature.name] = "probabilities of the classes, by their names"
    return said
