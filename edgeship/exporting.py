"""`edgeship.export`: a network to verified files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from edgeship import arguments
from edgeship.progress import Progress, shown
from edgeship.results import ExportedFile, Result, Stage

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from _edgeship.export.calibration.arrays import Arrays
    from _edgeship.export.pipeline import Result as PipelineResult


def export(
    model: nn.Module | str | Path,
    *,
    example_inputs: Tensor | NDArray[Any] | Sequence[Tensor | NDArray[Any]] | None = None,
    input_shapes: Sequence[Sequence[int]] = (),
    inputs: str | Sequence[str] = (),
    outputs: str | Sequence[str] = (),
    detection: Literal["split", "nms"] | None = None,
    to: str | Sequence[str] = "tflite",
    quant: str | Sequence[str] = "none",
    weights: str | Path | None = None,
    num_classes: int | None = None,
    calib: str | Path | Arrays | None = None,
    calib_samples: int | None = None,
    ranges: Literal["auto", "mse", "min-max", "percentile"] = "auto",
    keep_float: str | Sequence[str] = (),
    min_sqnr: float | None = None,
    max_drop: float | None = None,
    eval_data: str | Path | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    color: Literal["rgb", "bgr"] = "rgb",
    input_layout: Literal["nhwc", "nchw"] | None = None,
    io_layout: Literal["nhwc", "nchw"] = "nhwc",
    io_dtype: Literal["float32", "int8", "uint8"] = "float32",
    made_for: Literal["gpu"] | None = None,
    require_delegate: str | Sequence[str] = (),
    ios: int | None = None,
    batches: Sequence[int] = (),
    io: Literal["tensor", "image"] = "tensor",
    input_names: str | Sequence[str] = (),
    output_names: str | Sequence[str] = (),
    labels: arguments.Labels = (),
    author: str = "",
    license: str = "",
    version: str = "",
    description: str = "",
    out: str | Path | None = None,
    progress: Progress = None,
) -> Result:
    """Export a network to verified files.

    The network is captured as an ONNX graph, rewritten, lowered to every target and quantized.
    Each stage runs on the same samples and is compared with the network itself; the files appear
    at their final names when all of them are within tolerance.

    Args:
        model: A live module, which is exported in eval mode and left as it is; the name of a
            network (``edgeship models list``); ``FILE.onnx``; or ``FILE.py:FUNCTION`` or
            ``package.module:FUNCTION``, where the function returns a module and is called in a
            process of its own.
        example_inputs: One float32 tensor or array, or one for each input, batch first (NCHW).
            Only their shapes count. Needed for modules and functions, unless ``input_shapes`` is
            given or the module has a ``pretrained_cfg`` as timm's.
        input_shapes: The same as shapes, such as ``[(1, 3, 224, 224)]``.
        inputs: Export a part of the network: the names of the tensors that it is fed with, as a
            list or with commas. They are names of the ONNX file's, or of the graph that PyTorch's
            exporter makes. By default the network's own inputs.
        outputs: Likewise of the tensors that it gives; what only comes behind them is left out.
        detection: ``split`` makes outputs of a detector that join boxes and scores into several,
            so that each gets a scale of its own in int8. ``nms`` does so too, and writes a second
            .tflite beside each that picks the best boxes itself.
        to: Targets: ``tflite``, ``coreml``, ``coreai``, ``onnx``; several as a list or with commas.
        quant: Quantization schemes, such as ``none``, ``fp16`` and ``int8``, likewise. Each target
            writes those that it has.
        weights: For a network by name or a function: a checkpoint (.pth, .pt, .safetensors); for
            a name also ``imagenet`` or ``cifar10``. By default random ones, with a fixed seed.
        num_classes: Width of the classifier, for a network by name.
        calib: Data to measure the ranges of activations on, and to verify with: a folder or a
            zip file of images; a .npy or .npz file; arrays in memory, samples along the first
            axis, as one array or as a mapping from the inputs' names (float32 is used as it is,
            uint8 pixels are normalised); or ``random``. By default 16 photographs that come with
            edgeship.
        calib_samples: Most samples to measure ranges on; by default 200, taken from all folders
            alike. Up to 12 others, a quarter at most, are kept to verify on.
        ranges: How the range of each activation is chosen: ``mse``, for the least squared error of
            rounding and clipping; ``min-max``, from the smallest to the largest value;
            ``percentile``, with 1 of 100,000 values left out on each side; or ``auto``, as of these
            suits the outputs best, on samples of the calibration.
        keep_float: Layers of int8 files that stay in float, as a list or with commas, called as
            ``python -m export sensitivity`` calls them; ``*`` stands for any part of a name.
            ``auto`` finds the fewest that do for ``min_sqnr`` or ``max_drop``.
        min_sqnr: What the outputs must reach in dB, with ``auto``.
        max_drop: The most points of top-1 to lose on ``eval_data``, likewise.
        eval_data: Labelled pictures: a folder or a zip file with a folder per class, or a .csv
            file. Half of them choose the layers, the others judge the choice.
        mean: Mean of each channel on the scale 0 to 1, by which pictures are normalised.
        std: Standard deviation of each channel, likewise.
        color: Order of the channels that the network reads.
        input_layout: Where the channels of the network's pictures lie; by default as its shape
            and its first operators tell.
        io_layout: Axis order of a .tflite file's image inputs and outputs.
        io_dtype: Type of an int8 .tflite file's inputs and outputs.
        made_for: ``gpu`` makes a .tflite file right on GPUs also where that makes it slower on the
            CPU.
        require_delegate: Delegates that must take every operator of a .tflite file and compute it
            right: ``xnnpack``, ``gpu``, or both. The GPU is LiteRT's accelerator on the Vulkan
            driver that is found here.
        ios: The oldest iOS that an .mlpackage runs on.
        batches: Sizes of batches that an .mlpackage takes, beside 1.
        io: Whether an .mlpackage takes the network's input, or a picture of 0 to 255 that it
            normalises itself.
        input_names: What the files are to call the network's inputs, as a list or with commas; by
            default as its ``forward`` or its file does. A key of a mapping that the network
            returns, or a field of a named tuple or dataclass, is the name of an output.
        output_names: Likewise the outputs.
        labels: Names of the classes, in the order of the scores: a list, the path of a file with
            one a line or in JSON, or a mapping of these from outputs; or ``"checkpoint"``, for
            those that the weights were trained on, which the files know in any case. They make an
            .mlpackage a classifier.
        author: Who made the network; by default who trained its weights.
        license: The terms that it comes under; by default those of its weights.
        version: Of the network, such as ``1.2.0``.
        description: What it is for, in a sentence. These four are written into the manifest, and
            into the files whose format has a place for them.
        out: Folder for the files; ``build/NAME`` by default.
        progress: True to show which stage is running, False not to, or a function that is told the
            name of each stage as it begins. By default shown in notebooks and on terminals.

    Returns:
        The files, how far each is from the network, and the manifest.

    Raises:
        InputError: An argument, a file or a function of the user is wrong.
        UnsupportedError: The network uses something that a target cannot express.
        VerificationError: A file would not compute what the network computes; none is left at the
            final names.
    """
    from _edgeship.export.contract.about import About
    from _edgeship.export.contract.labels import only_labels
    from _edgeship.export.contract.request import Request
    from _edgeship.export.evaluation.labelled import labelled
    from _edgeship.export.pipeline import export as run

    classes = arguments.labels_by_output(labels)
    request = Request(
        model=str(model) if isinstance(model, Path) else model,
        targets=arguments.words(to, "to"),
        schemes=arguments.schemes(quant),
        shapes=arguments.shapes_of(example_inputs, input_shapes),
        dtypes=arguments.dtypes_of(example_inputs),
        inputs=arguments.names(inputs),
        outputs=arguments.names(outputs),
        detection=detection,
        weights=None if weights is None else str(weights),
        num_classes=num_classes,
        calib=str(calib) if isinstance(calib, Path) else calib,
        calib_samples=calib_samples,
        ranges=ranges,
        keep_float=arguments.names(keep_float),
        min_sqnr=min_sqnr,
        max_drop=max_drop,
        eval_data=None if eval_data is None else labelled(Path(eval_data), only_labels(classes)),
        mean=None if mean is None else tuple(mean),
        std=None if std is None else tuple(std),
        color=color,
        input_layout=input_layout,
        io_layout=io_layout,
        io_dtype=io_dtype,
        made_for=made_for,
        require_delegate=(
            arguments.words(require_delegate, "require_delegate") if require_delegate else ()
        ),
        ios=ios,
        batches=tuple(sorted({1, *batches})) if batches else (),
        io=io,
        input_names=arguments.names(input_names),
        output_names=arguments.names(output_names),
        labels=classes,
        about=About(author, license, version, description),
        out=None if out is None else Path(out),
    )
    with shown(progress) as report:
        return _result(run(request, report))


def _result(done: PipelineResult) -> Result:
    from _edgeship.export.contract.recorded import parity_in

    manifest, manifest_path = done.manifest, done.files[-1]
    folder = manifest_path.parent
    files = tuple(
        ExportedFile(
            folder / artifact.file,
            artifact.target,
            artifact.scheme,
            artifact.size,
            artifact.sha256,
            parity_in(artifact),
        )
        for artifact in manifest.artifacts
    )
    return Result(
        folder=folder,
        files=files,
        manifest_path=manifest_path,
        onnx_path=folder / manifest.onnx.file,
        manifest=manifest,
        stages=tuple(
            Stage(one.stage, one.detail, one.seconds, one.parity, one.warning)
            for one in done.stages
        ),
        notes=done.notes,
        untrained=bool(manifest.weights["untrained"]),
    )
