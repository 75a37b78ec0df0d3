"""What a user asks an export for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from _edgeship.export.contract.about import About

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import nn

    from _edgeship.export.calibration.arrays import Arrays
    from _edgeship.export.calibration.input_spec import InputSpec
    from _edgeship.export.calibration.observers import Observer
    from _edgeship.export.calibration.preprocess import Preprocess
    from _edgeship.export.runtimes.values import Outputs, Sample


class PictureHalf(Protocol):
    """Some labelled pictures, as a network takes them."""

    @property
    def samples(self) -> Sequence[Sample]:
        """One for each picture."""

    def drop(self, reference: Outputs, outputs: Outputs) -> tuple[float, float, float, float]:
        """Return how many points of top-1 one file has less than another, and what is certain.

        These are the ends of the 95 % interval, and the number of points that with four chances in
        five is not exceeded on other pictures.

        Args:
            reference: Outputs of the one that is compared with, for each picture.
            outputs: Outputs of the other one.
        """


class LabelledPictures(Protocol):
    """Pictures whose classes are known."""

    def halves(
        self, name: str, spec: InputSpec, preprocess: Preprocess
    ) -> tuple[PictureHalf, PictureHalf]:
        """Return one half of them, and the other.

        Args:
            name: Of the network's input.
            spec: What it takes.
            preprocess: What pictures go through before.

        Raises:
            InputError: They cannot be read, or are too few.
        """


@dataclass(frozen=True)
class Request:
    """What to export, and how.

    Attributes:
        model: A name of the registry, ``FILE.onnx``, ``FILE.py:FUNCTION``,
            ``package.module:FUNCTION``, or a live module.
        targets: Names of targets.
        schemes: Names of quantization schemes; each target writes those that it has.
        shapes: Shape of each input, batch first; empty where the model knows.
        inputs: Names of the tensors that the exported part of the network is fed with; empty for
            the network's own inputs.
        outputs: Names of the tensors that the part gives; empty for the network's own outputs.
        detection: ``split`` to take apart outputs that join boxes and scores; ``nms`` to write
            further files that pick the best boxes; None for the network's outputs as they are.
        dtypes: Type of each of these, by NumPy's name; empty if all are float32.
        weights: A checkpoint file, ``imagenet`` or ``cifar10``; None for what the model has.
        num_classes: Width of the classifier, for a name of the registry.
        calib: Folder or zip file of images, .npz or .npy file, ``random``, or arrays in memory;
            None for the shipped images.
        calib_samples: Most samples to calibrate on; None for
            `export.calibration.samples.MOST_SAMPLES`.
        ranges: How the range of each activation is chosen; ``auto`` tries all ways.
        keep_float: Names or patterns of the layers that stay in float in quantized files; or
            ``auto`` alone, for the fewest that do.
        min_sqnr: With ``auto``, what a file must reach in dB on samples that nothing was chosen on.
        max_drop: With ``auto``, how many points of top-1 it may lose on ``eval_data``.
        eval_data: Labelled pictures.
        mean: Of each channel, on the scale 0 to 1.
        std: Likewise.
        color: Order of the channels that the network reads.
        input_layout: Where the channels of the pictures lie that the network takes; None to find
            out.
        io_layout: Axis order of image inputs and outputs, for targets that can choose.
        io_dtype: Type of inputs and outputs, for schemes that can choose.
        made_for: What a .tflite file is made for, where that costs other processors time; None for
            nothing of that kind.
        require_delegate: Delegates that must take every operator of a file, and compute it right.
        ios: The oldest iOS that a package runs on.
        batches: Sizes of batches that a package takes, 1 first; empty for the network's own alone.
        io: Whether files take the network's input or a picture that they normalise themselves.
        labels: Output -> names of its classes, in the order of its scores; "" stands for the only
            output with so many. Or ``checkpoint``, for those that the weights were trained on.
            Files know these in any case; asked for, they make an .mlpackage a classifier.
        input_names: What the files are to call the network's inputs; empty for its own names.
        output_names: Likewise its outputs.
        about: What the user says about the network.
        out: Output folder; ``build/NAME`` by default.
    """

    model: str | nn.Module
    targets: tuple[str, ...] = ("tflite",)
    schemes: tuple[str, ...] = ("none",)
    shapes: tuple[tuple[int, ...], ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    detection: Literal["split", "nms"] | None = None
    dtypes: tuple[str, ...] = ()
    weights: str | None = None
    num_classes: int | None = None
    calib: str | Arrays | None = None
    calib_samples: int | None = None
    ranges: Observer | Literal["auto"] = "auto"
    keep_float: tuple[str, ...] = ()
    min_sqnr: float | None = None
    max_drop: float | None = None
    eval_data: LabelledPictures | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    color: Literal["rgb", "bgr"] = "rgb"
    input_layout: Literal["nhwc", "nchw"] | None = None
    io_layout: Literal["nhwc", "nchw"] = "nhwc"
    io_dtype: str = "float32"
    made_for: Literal["gpu"] | None = None
    require_delegate: tuple[str, ...] = ()
    ios: int | None = None
    batches: tuple[int, ...] = ()
    io: Literal["tensor", "image"] = "tensor"
    labels: Mapping[str, tuple[str, ...]] | Literal["checkpoint"] = field(default_factory=dict)
    input_names: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()
    about: About = field(default_factory=About)
    out: Path | None = None
