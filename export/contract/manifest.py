"""manifest.json: all that a reader of the written files needs to know about them."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from _edgeship.export.contract.about import About
from _edgeship.export.delegates.report import DelegateReport

#: Packages whose version can change the written bytes or the verdict on them.
PACKAGES = (
    "edgeship",
    "torch",
    "onnx",
    "onnx-ir",
    "onnxscript",
    "onnxruntime",
    "ai-edge-litert",
    "litert-quantizer",
    "coremltools",
    "coreai-core",
    "numpy",
    "pillow",
)


#: Letters of the axes of images and clips as ONNX orders them, by their number.
AXES = {4: "NCHW", 5: "NCDHW"}

#: The same where a network takes pictures with their channels at the end.
AXES_LAST = {4: "NHWC", 5: "NDHWC"}


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StageRecord(_Record):
    """One stage: what it did and how its outputs compare with the reference's.

    Attributes:
        part: The output, or part of one, with the most noise, where several were compared.
    """

    stage: str
    detail: str
    parity: dict[str, Any] | None = None
    part: str = ""
    warning: str = ""


class Port(_Record):
    """An input or output of a file.

    Attributes:
        layout: Its axes in letters, such as NHWC; of a picture, its colours: RGB, BGR, GRAYSCALE.
        dtype: NumPy's name of the element type; image, string or dictionary where Core ML takes
            or gives no array.
        colors: RGB or GRAYSCALE where a .tflite file takes the bytes of a picture, and normalises
            them itself; "" where it takes the network's own numbers.
        bytes_range: The smallest and the largest of these bytes.
        description: What it holds, in a phrase, as far as that is known; else "".
        labels: The file beside the manifest that names its classes, in the order of its scores;
            "" where they have no names.
        scores: Of an output with a number for each class, what they are: ``logits``, or
            ``probabilities`` where the graph ends in a Softmax or Sigmoid; "" of anything else.
    """

    name: str
    shape: list[int]
    layout: str
    dtype: str
    scale: float | None = None
    zero_point: int | None = None
    colors: str = ""
    bytes_range: tuple[int, int] | None = None
    description: str = ""
    labels: str = ""
    scores: Literal["", "logits", "probabilities"] = ""


class PartRecord(_Record):
    """How one output of a file, or a part of one, compares with the reference's.

    Infinities are strings, as in every parity.

    Attributes:
        name: The output, and which part of it: ``output0, channels 4..8``.
        agreement: The fraction of equal elements, for integers and truth values.
        partial: Whether it is not the whole of an output.
        found: Whether it was found by the size of its numbers, and not in the graph.
        grid_db: What the steps of an integer Sigmoid alone leave of the part, if one computes it.
        rounded_weights_sqnr_db: What the part keeps with rounded weights and nothing else.
        ideal_8_bits_sqnr_db: What it keeps with all values rounded to 8 bits, where the judge
            needed to know.
        ideal_float16_sqnr_db: Likewise, to float16.
    """

    name: str
    max_abs: float | str
    max_rel: float | str
    sqnr_db: float | str
    agreement: float | None = None
    partial: bool = False
    found: bool = False
    grid_db: float | str | None = None
    rounded_weights_sqnr_db: float | str | None = None
    ideal_8_bits_sqnr_db: float | str | None = None
    ideal_float16_sqnr_db: float | str | None = None


class PickingRecord(_Record):
    """A further file that picks the boxes of a detector itself.

    Attributes:
        file: Its name.
        outputs: Their names.
        boxes: What the numbers of a box are in the file without the operator: ``corners``, or
            ``middle and size``.
        objectness: Whether the first score there multiplies the others.
        least_score: Of a box that is picked.
        most_overlap: Intersection over union of two of them.
        most_boxes: How many are picked; None for all.
    """

    file: str
    size: int
    sha256: str
    outputs: list[str]
    boxes: str
    objectness: bool
    least_score: float
    most_overlap: float
    most_boxes: int | None


class Artifact(_Record):
    """A written file, or a package, which is a folder.

    Attributes:
        file: Its name.
        target: Name of the target, such as ``tflite``.
        weights: Type of the weights in it; empty in a manifest older than this field.
        compute: Type that the device computes with; likewise.
        ios: The oldest iOS that a package runs on.
        batches: The sizes of batches that a package takes, where it takes several.
        size: Bytes; of a package, of all files in it.
        sha256: Digest; of a package, as `export.coreml.format.package.digest` makes it.
        said_bytes: How many of its bytes say what a .tflite file is: metadata, and the names of
            classes at its end.
        peak_activation_bytes: The most memory that the tensors of a .tflite file take at once.
        rounded_weights_sqnr_db: What the float file keeps when its weights are rounded to 8 bits:
            the scale on which quantized files are judged. Of the worst part.
        part: The output, or part of one, with the most noise; "" where there is but one.
        parts: Every output, each followed by its parts, where numbers of different sizes are
            joined in it.
        picking: The further file that picks the boxes of a detector, if there is one.
        delegates: How much of a .tflite file each delegate takes, and of each operator that it
            leaves the reason and the ONNX node.
        ranges: How the ranges of its activations were chosen, where they were measured.
        keep_float: Names of the layers that were left in float.
        preprocess: What a picture goes through before this file gets it, where that is not what the
            manifest says of the network.
        calibration: What it was calibrated on, where that is not what the manifest says.
        verification: What its outputs were compared on, likewise.
    """

    file: str
    target: str = "tflite"
    scheme: str
    weights: str = ""
    compute: str = ""
    ios: int | None = None
    batches: list[int] = []
    size: int
    sha256: str
    inputs: list[Port]
    outputs: list[Port]
    operators: dict[str, int]
    said_bytes: int | None = None
    peak_activation_bytes: int | None = None
    parity: dict[str, Any] | None = None
    rounded_weights_sqnr_db: float | None = None
    part: str = ""
    parts: list[PartRecord] = []
    picking: PickingRecord | None = None
    delegates: list[DelegateReport] = []
    ranges: str = ""
    keep_float: list[str] = []
    preprocess: dict[str, Any] | None = None
    calibration: dict[str, Any] | None = None
    verification: dict[str, Any] | None = None


class GraphFile(_Record):
    """The ONNX file beside the others."""

    file: str
    sha256: str


class LabelsFile(_Record):
    """A text file with the name of a class in each line: UTF-8, lines end in LF.

    Attributes:
        file: Its name, beside the manifest.
        count: How many classes it names.
        output: The output whose scores they belong to.
    """

    file: str
    sha256: str
    count: int
    output: str


class Manifest(_Record):
    """The whole of manifest.json. It holds no times, so that equal exports give equal files.

    Attributes:
        model: Name, published figures, and what was counted from the graph.
        weights: Source, sha256, and whether they are untrained.
        preprocess: What an input image goes through before it is fed.
        calibration: Source, count and method, where a scheme was calibrated.
        verification: What the outputs were compared on.
        onnx: The rewritten graph, which the files were made from.
        labels: The files that name classes.
        about: What is known about the network for people.
        earlier: What earlier exports into the same folder have said of their files, as far as these
            are left, where it does not hold for the newest one's. None has an ``earlier`` itself.
    """

    tool: str = "edgeship"
    versions: dict[str, str]
    model: dict[str, Any]
    weights: dict[str, Any]
    preprocess: dict[str, Any] | None
    calibration: dict[str, Any] | None
    verification: dict[str, Any]
    onnx: GraphFile
    stages: list[StageRecord]
    artifacts: list[Artifact]
    labels: list[LabelsFile] = []
    about: About = About()
    earlier: list[Manifest] = []

    def to_bytes(self) -> bytes:
        """Return the file."""
        return (self.model_dump_json(indent=2) + "\n").encode()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that matter."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
