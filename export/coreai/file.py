"""Any .aimodel as `inspect` shows and `verify` runs it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.contract.manifest import Artifact
from _edgeship.export.contract.model_file import Reference, Shapes
from _edgeship.export.coreai.format.asset import Asset, metadata_of, read_asset, told
from _edgeship.export.coreai.runtime.session import Session, run_all
from _edgeship.export.coreai.schemes import SCHEMES
from _edgeship.export.coreai.sheets import facts, sheets
from _edgeship.export.coreai.stored import NAMES, computed_types, name_of, stored_weights
from _edgeship.export.coreai.summary import Summary, Tensor, summarize
from _edgeship.export.coreml.format.package import digest
from _edgeship.export.delegates.report import Run
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.sheets import Sheet

#: Apple's runtime, as coreai-core brings it.
COREAI = "coreai"


@dataclass(frozen=True)
class RelatedAsset:
    """An .aimodel whose inputs and outputs are a graph's, or their own.

    Attributes:
        asset: The files of the folder.
        inputs: Its inputs, in the order of the graph's.
        outputs: The names of its outputs, in the order of the graph's.
        shapes: The shape of each of these in the graph, or None to leave it as it is.
    """

    asset: Asset
    inputs: tuple[Tensor, ...]
    outputs: tuple[str, ...]
    shapes: tuple[tuple[int, ...] | None, ...]

    notes = ()

    def fed(
        self, samples: list[Sample], preprocess: Preprocess
    ) -> tuple[list[Sample], list[Sample]]:
        """Return the samples as the graph gets them, and with the folder's names and types."""
        return samples, [
            {
                tensor.name: array.astype(name_of(tensor.dtype))
                for tensor, array in zip(self.inputs, sample.values(), strict=True)
            }
            for sample in samples
        ]

    def run(self, samples: Sequence[Sample], runtime: str) -> Run:
        """Run the program on samples under the names of its inputs.

        Raises:
            VerificationError: The runtime refuses it, crashes or hangs.
        """
        return Run([self._ordered(one) for one in run_all(self.asset, samples)])

    def open(self, batch: int | None = None) -> Callable[[Sample], list[np.ndarray]]:
        """Return what runs samples one after another, in one process.

        Raises:
            VerificationError: A batch is asked for, or the runtime refuses the program.
        """
        if batch is not None:
            raise VerificationError("An .aimodel is run on one sample at a time.")
        session = Session(self.asset)
        return lambda sample: self._ordered(session.run(sample))

    def stored(self, sample: Sample) -> Sample:
        """Return a sample made for the folder in the types that it takes."""
        return {one.name: np.asarray(sample[one.name], name_of(one.dtype)) for one in self.inputs}

    def open_stored(self) -> Callable[[Sample], Sample]:
        """Return what runs such samples, and gives the outputs by their names."""
        session = Session(self.asset)

        def run(sample: Sample) -> Sample:
            found = session.run(sample)
            return {name: found[name] for name in self.outputs}

        return run

    def expected(self, reference: Outputs, runtime: str) -> Outputs:
        """Return what a runtime is to give where the graph computes ``reference``: the same."""
        return reference

    def _ordered(self, found: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        return [
            found[name] if shape is None else found[name].reshape(shape)
            for name, shape in zip(self.outputs, self.shapes, strict=True)
        ]


@dataclass(frozen=True)
class AssetFile:
    """An .aimodel that has been read.

    Attributes:
        path: The folder.
        asset: Its files.
        metadata: What metadata.json says.
        summary: What the program holds.
    """

    path: Path
    asset: Asset
    metadata: Mapping[str, Any]
    summary: Summary

    takes_pictures = False
    reads_bgr = False
    known_runtimes: ClassVar[Collection[str]] = (COREAI,)
    default_runtimes = (COREAI,)
    baseline = None

    def facts(self) -> dict[str, Any]:
        """Return what it holds as plain values."""
        return facts(self.asset, self.metadata, self.summary)

    def sheets(self) -> Sequence[Sheet | str]:
        """Return the same for people."""
        return sheets(self.facts())

    def constants(self) -> Mapping[str, np.ndarray]:
        """Return name -> values of its constants, as they are stored.

        Those that the program has no name for are called by what they hold: their places move with
        every operator that is added or left out.
        """
        return {
            _by_content(values) if name.startswith("%") else name: values
            for name, values in self.summary.constants.items()
        }

    def scales(self) -> Mapping[str, tuple[float, int]]:
        """Return the operators `quantize`, called by their order -> scale and zero point."""
        makers = {one.number: op for op in self.summary.operations for one in op.results}
        quantizing = [one for one in self.summary.operations if one.kind == "quantize"]
        found = {}
        for place, operation in enumerate(quantizing):
            scale, zero = (
                self.summary.constants.get(makers[number].constant)
                for number in operation.operands[1:3]
                if number in makers
            )
            if scale is not None and zero is not None and scale.size == zero.size == 1:
                found[f"quantize {place}"] = float(scale.item()), int(zero.item())
        return found

    @property
    def labels(self) -> Mapping[str, Sequence[str]]:
        """Output -> the names of its classes, where the metadata has them."""
        named = told(self.metadata).get("labels", {})
        if not isinstance(named, Mapping):
            return {}
        return {
            str(output): [str(one) for one in names]
            for output, names in named.items()
            if isinstance(names, list)
        }

    @property
    def digest(self) -> str:
        """What a manifest records as its sha256."""
        return digest(self.asset)

    @property
    def inputs(self) -> Shapes:
        """Its inputs: name -> shape.

        Raises:
            InputError: It takes something else than tensors, or leaves an extent open.
        """
        for one in self.summary.inputs:
            if one.dtype not in NAMES or min(one.shape, default=1) < 0:
                kind = one.dtype if one.dtype not in NAMES else "an open shape"
                raise InputError(
                    f"The input {one.name} of {self.path} has {kind}.",
                    why="it is run on tensors of fixed shapes",
                )
        return {one.name: one.shape for one in self.summary.inputs}

    def tolerance(self, scheme: str | None) -> str:
        """Return the tolerance of a scheme of a manifest, or of what the folder holds."""
        found = scheme or _scheme(self.summary)
        return SCHEMES[found].tolerance if found in SCHEMES else found

    def alone(self) -> RelatedAsset:
        """Return the folder without a graph.

        Raises:
            InputError: As for `inputs`.
        """
        names = tuple(one.name for one in self.summary.outputs)
        found = self.inputs
        inputs = tuple(one for one in self.summary.inputs if one.name in found)
        return RelatedAsset(self.asset, inputs, names, (None,) * len(names))

    def beside(self, reference: Reference, recorded: Artifact | None) -> RelatedAsset:
        """Return the folder related to a graph: by names where these agree, else by order.

        Raises:
            InputError: The inputs or outputs do not fit together.
        """
        inputs = _matched("input", self.summary.inputs, reference.inputs)
        outputs = _matched("output", self.summary.outputs, reference.outputs)
        names = tuple(one.name for one in outputs)
        return RelatedAsset(self.asset, inputs, names, tuple(reference.outputs.values()))


def open_asset(path: Path) -> AssetFile:
    """Read an .aimodel.

    Raises:
        InputError: It is none, is damaged, or coreai-core is not installed.
    """
    asset = read_asset(path)
    return AssetFile(path, asset, metadata_of(asset, path), summarize(asset, str(path)))


def _scheme(summary: Summary) -> str:
    """Return the scheme that would have written such a program, or a name for what it holds."""
    if any(one.kind == "quantize" for one in summary.operations):
        return "int8"
    weights = stored_weights(summary)
    kind = weights[0].kind if weights else ""
    if kind.endswith("-bit palette"):
        return f"palette{kind.partition('-')[0]}"
    if kind in ("int8", "uint8"):
        return "int8-weights"
    halves = "float16" in (kind, next(iter(computed_types(summary)), ""))
    return "fp16" if halves else "none"


def _matched(side: str, tensors: Sequence[Tensor], expected: Shapes) -> tuple[Tensor, ...]:
    """Return the inputs or outputs in the order of the graph's.

    Raises:
        InputError: Their numbers or shapes do not fit.
    """
    todo = "give the graph that the folder was made from: --reference FILE.onnx"
    if len(tensors) != len(expected):
        raise InputError(
            f"The .aimodel has {len(tensors)} {side}s and the reference {len(expected)}.",
            todo=todo,
        )
    by_name = {one.name: one for one in tensors}
    same = set(by_name) == set(expected)
    ordered = tuple(by_name[name] for name in expected) if same else tuple(tensors)
    for one, shape in zip(ordered, expected.values(), strict=True):
        if one.shape != shape:
            raise InputError(
                f"The {side} {one.name!r} of the .aimodel has shape {one.shape}, and the "
                f"reference {shape}.",
                todo=todo,
            )
    return ordered


def _by_content(values: np.ndarray) -> str:
    content = hashlib.sha256(values.tobytes()).hexdigest()[:12]
    extents = "x".join(map(str, values.shape)) or "scalar"
    return f"{values.dtype} {extents} {content}"
