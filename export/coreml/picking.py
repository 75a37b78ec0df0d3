"""A second package of a detector, which picks its boxes itself: a pipeline that ends in an NMS.

A pipeline holds three models: the detector's program as it is, a small program that brings boxes
and scores to the form that the third one reads, and a non-maximum suppression. Programs in a
pipeline share the folder of weights, so the small one keeps its few constants in itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from onnx import TensorProto, helper, numpy_helper

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.contract.manifest import PickingRecord
from _edgeship.export.contract.target import Job
from _edgeship.export.coreml.convert import convert
from _edgeship.export.coreml.evaluator import Evaluator, read_program
from _edgeship.export.coreml.format.package import Package, digest, package_of, size
from _edgeship.export.coreml.lowering import lower
from _edgeship.export.detection.nms import Rules
from _edgeship.export.detection.reading import Reading, read_head
from _edgeship.export.graph.shapes import shape_of
from _edgeship.export.preparation.prepare import prepare
from _edgeship.export.runtimes.values import Outputs

#: What the pipeline gives: scores (K, C) and boxes (K, 4) as middle x, middle y, width, height.
OUTPUTS = ("confidence", "coordinates")

#: What an application may give to be stricter or laxer than the rules.
_THRESHOLDS = ("iouThreshold", "confidenceThreshold")

#: Numbers of a box above this are pixels, and no shares of the picture.
_MOST_SHARE = 2.0

#: How far the small program may be from NumPy, relative to the largest number.
_ROUNDING = 1e-5


@dataclass(frozen=True)
class Picking:
    """How boxes are picked in the packages of an export.

    Attributes:
        reading: Which outputs hold boxes and scores.
        rules: Which boxes are kept.
        scale: What makes x and y shares of the picture.
        names: Of the outputs of the detector's program: boxes and scores.
        decoder: The small program, as a ``coremltools.models.MLModel``.
        classes: How many there are.
    """

    reading: Reading
    rules: Rules
    scale: tuple[float, float]
    names: tuple[str, str]
    decoder: Any
    classes: int

    @property
    def note(self) -> str:
        """Say what the packages give, for the user to check."""
        rules, pixels = self.rules, self.scale != (1.0, 1.0)
        return (
            "Packages whose names end in _nms pick the boxes themselves, by Core ML's non-maximum "
            f"suppression: of a score of at least {rules.least_score:g}, and an overlap of at most "
            f"{rules.most_overlap:g}. They give {' and '.join(OUTPUTS)}; a box is middle x, middle "
            f"y, width, height as shares of the picture"
            f"{', made of pixels' if pixels else ''}. {self.reading.in_words} Their structure and "
            "the program that prepares the boxes were checked; picking itself needs Core ML."
        )

    def pipeline(self, model: Any) -> Any:
        """Return the specification of the pipeline.

        Args:
            model: The specification of the detector's program.
        """
        from coremltools.proto import Model_pb2

        decoder = self.decoder.get_spec()
        suppression = self._suppression(decoder)
        spec = Model_pb2.Model()
        spec.specificationVersion = max(
            one.specificationVersion for one in (model, decoder, suppression)
        )
        spec.description.input.extend(model.description.input)
        spec.description.input.extend(suppression.description.input[2:])
        spec.description.output.extend(suppression.description.output)
        spec.description.metadata.CopyFrom(model.description.metadata)
        spec.pipeline.models.extend([model, decoder, suppression])
        spec.pipeline.names.extend(["detector", "boxes", "suppression"])
        return spec

    def _suppression(self, decoder: Any) -> Any:
        from coremltools.proto import Model_pb2

        spec = Model_pb2.Model()
        spec.specificationVersion = 5
        description, nms = spec.description, spec.nonMaximumSuppression
        # The program gives coordinates and confidence under names of its own.
        for port in decoder.description.output:
            description.input.add().CopyFrom(port)
        for name in _THRESHOLDS:
            port = description.input.add()
            port.name = name
            port.type.doubleType.SetInParent()
            port.type.isOptional = True
        for name, width in zip(OUTPUTS, (self.classes, 4), strict=True):
            port = description.output.add()
            port.name = name
            array = port.type.multiArrayType
            array.dataType = array.DOUBLE
            rows, columns = array.shapeRange.sizeRanges.add(), array.shapeRange.sizeRanges.add()
            rows.lowerBound, rows.upperBound = 0, -1
            columns.lowerBound, columns.upperBound = width, width
        nms.coordinatesInputFeatureName, nms.confidenceInputFeatureName = (
            port.name for port in decoder.description.output
        )
        nms.confidenceOutputFeatureName, nms.coordinatesOutputFeatureName = OUTPUTS
        nms.iouThresholdInputFeatureName, nms.confidenceThresholdInputFeatureName = _THRESHOLDS
        nms.iouThreshold = self.rules.most_overlap
        nms.confidenceThreshold = self.rules.least_score
        nms.pickTop.perClass = False
        nms.int64ClassLabels.vector.extend(range(self.classes))
        return spec

    def record(self, name: str, package: Package) -> PickingRecord:
        """Return the manifest's entry.

        Args:
            name: What the package without the suppression is called.
            package: That with it.
        """
        return PickingRecord(
            file=file_name(name),
            size=size(package),
            sha256=digest(package),
            outputs=list(OUTPUTS),
            boxes="corners" if self.reading.corners else "middle and size",
            objectness=self.reading.objectness,
            least_score=self.rules.least_score,
            most_overlap=self.rules.most_overlap,
            most_boxes=None,
        )

    def check(self, outputs: Outputs) -> None:
        """Compare what the small program makes of boxes and scores with the same in NumPy.

        Args:
            outputs: Of the detector.

        Raises:
            VerificationError: It makes something else.
        """
        evaluator = Evaluator(read_program(package_of(self.decoder)))
        ends = [port.name for port in self.decoder.get_spec().description.output]
        for given in outputs:
            boxes, scores = given[self.reading.boxes], given[self.reading.scores]
            values = evaluator.run(dict(zip(self.names, (boxes, scores), strict=True)), ends)
            for name, expected in zip(ends, self._prepared(given), strict=True):
                gap = float(np.abs(values[name] - expected).max(initial=0))
                if not gap <= _ROUNDING * max(1.0, float(np.abs(expected).max(initial=0))):
                    raise VerificationError(
                        "The package does not prepare the boxes as it should.",
                        where="the second model of the pipeline",
                        why=f"the largest difference is {gap:.2g}",
                        todo="use --detection split, and report it",
                    )

    def _prepared(self, outputs: Sequence[Any]) -> tuple[Any, Any]:
        """Return boxes (N, 4) and scores (N, C) as the suppression reads them, in NumPy."""
        corners, scores = self.reading.read(outputs)
        first, last = corners[:, [1, 0]], corners[:, [3, 2]]
        parts = [(first + last) / 2 * self.scale, (last - first) * self.scale]
        return np.concatenate(parts, 1), scores


def picking_of(job: Job, ios: int, names: Sequence[str]) -> Picking | None:
    """Return how boxes are picked in the packages of a job, None if they are not.

    Args:
        job: What is exported.
        ios: The oldest iOS that the packages run on.
        names: What the program calls its outputs, in the order of the graph.

    Raises:
        InputError: The outputs of the network are not of a kind that can be picked from.
    """
    if job.request.detection != "nms":
        return None
    reading = read_head(job.graph.graph, job.network.definition.heads, job.reference)
    if len(names) != 2:
        raise InputError(
            "The boxes of the network cannot be picked in the package.",
            why=f"it gives {', '.join(names)}, and Core ML's suppression takes boxes and scores",
            todo="use --detection split, and pick the boxes in the application",
        )
    scale = _scale(job, reading)
    boxes, scores = (job.graph.graph.outputs[number] for number in (reading.boxes, reading.scores))
    ends = (names[reading.boxes], names[reading.scores])
    lowered = lower(_decoder(reading, ends, (shape_of(boxes), shape_of(scores)), scale), ios)
    decoder = convert(lowered, ios, "float32")
    classes = shape_of(scores)[reading.scores_axis] - int(reading.objectness)
    return Picking(reading, Rules(), scale, ends, decoder, classes)


def _scale(job: Job, reading: Reading) -> tuple[float, float]:
    """Return what x and y are to be multiplied by to be shares of the picture."""
    largest = max(float(np.abs(outputs[reading.boxes]).max()) for outputs in job.reference)
    pictures = [value for value in job.graph.graph.inputs if len(shape_of(value)) == 4]
    if largest <= _MOST_SHARE or len(pictures) != 1:
        return 1.0, 1.0
    shape = shape_of(pictures[0])
    height, width = shape[1:3] if pictures[0].name in job.nhwc else shape[2:]
    return 1 / width, 1 / height


def _decoder(
    reading: Reading,
    names: tuple[str, str],
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    scale: tuple[float, float],
) -> ir.Model:
    """Return the small program as an ONNX graph: boxes (N, 4) and scores of classes (N, C)."""
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []

    def constant(values: object, dtype: type = np.int64) -> str:
        constants.append(numpy_helper.from_array(np.array(values, dtype), f"c{len(constants)}"))
        return str(constants[-1].name)

    def op(kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> list[str]:
        made = [f"v{len(nodes)}_{number}" for number in range(outputs)]
        nodes.append(helper.make_node(kind, inputs, made, **attributes))
        return made

    def rows(name: str, axis: int) -> str:
        [flat] = op("Squeeze", name, constant([0]))
        return op("Transpose", flat, perm=[1, 0])[0] if axis == 1 else flat

    boxes, scores = rows(names[0], reading.boxes_axis), rows(names[1], reading.scores_axis)
    if reading.corners:
        near, far = op("Split", boxes, constant([2, 2]), outputs=2, axis=1)
        [middle] = op("Mul", op("Add", near, far)[0], constant(0.5, np.float32))
        extent = op("Sub", far, near)[0]
    else:
        middle, extent = op("Split", boxes, constant([2, 2]), outputs=2, axis=1)
    [boxes] = op("Concat", middle, op("Relu", extent)[0], axis=1)
    if reading.objectness:
        width = shapes[1][reading.scores_axis]
        known, scores = op("Split", scores, constant([1, width - 1]), outputs=2, axis=1)
        [scores] = op("Mul", known, scores)
    op("Mul", boxes, constant([[*scale, *scale]], np.float32))
    op("Identity", scores)
    ends = ("boxes_of_picture", "scores_of_classes")
    for node, end in zip(nodes[-2:], ends, strict=True):
        node.output[0] = end
    graph = helper.make_graph(
        nodes,
        "boxes",
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in zip(names, shapes, strict=True)
        ],
        [helper.make_tensor_value_info(end, TensorProto.FLOAT, None) for end in ends],
        constants,
    )
    opsets = [helper.make_opsetid("", 18)]
    return prepare(helper.make_model(graph, opset_imports=opsets, ir_version=8)).model


def file_name(name: str) -> str:
    """Return what the package with the suppression is called, beside one called ``name``."""
    path = PurePath(name)
    return f"{path.stem}_nms{path.suffix}"
