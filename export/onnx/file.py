"""Any .onnx file as `inspect` shows and `verify` runs it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnx
from onnx import TensorProto, helper

from _edgeship.errors import InputError
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.contract.manifest import Artifact
from _edgeship.export.contract.model_file import Reference, Shapes
from _edgeship.export.delegates.report import Run
from _edgeship.export.onnx.optimized import open_optimized, run_optimized
from _edgeship.export.onnx.runnable import check_ports
from _edgeship.export.onnx.summary import constants, scales, sheets, summarize
from _edgeship.export.runtimes.apart import SECONDS, Apart, run_apart
from _edgeship.export.runtimes.apart_program import MOST_LINES
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.files import read_bytes
from _edgeship.sheets import Sheet

#: ONNX Runtime as an app runs it.
OPTIMIZED = "onnxruntime"

#: ONNX Runtime without fused and integer kernels: each operator as ONNX defines it.
BASIC = "onnxruntime-basic"


@dataclass(frozen=True)
class RelatedONNX:
    """A file whose inputs and outputs are those of a graph, or their own.

    Attributes:
        data: The file.
        inputs: Name -> element type of its inputs, in the order of the graph.
        names: Those of all its outputs, in its own order.
        outputs: The same in the order of the graph.
    """

    data: bytes
    inputs: dict[str, np.dtype[Any]]
    names: tuple[str, ...]
    outputs: tuple[str, ...]

    notes = ()

    def fed(
        self, samples: list[Sample], preprocess: Preprocess
    ) -> tuple[list[Sample], list[Sample]]:
        """Return the samples as the graph gets them, and with the file's names and types."""
        return samples, [
            {
                name: array.astype(dtype)
                for (name, dtype), array in zip(self.inputs.items(), sample.values(), strict=True)
            }
            for sample in samples
        ]

    def run(self, samples: Sequence[Sample], runtime: str) -> Run:
        """Run the file on samples made for it."""
        run = run_onnx if runtime == BASIC else run_optimized
        order = [self.names.index(name) for name in self.outputs]
        doing = f"Running the file in {runtime}"
        outputs = run_apart(doing, run, self.data, samples)
        return Run([[arrays[index] for index in order] for arrays in outputs])

    def open(self, batch: int | None = None) -> Callable[[Sample], list[np.ndarray]]:
        """Return what runs samples as an app does; a batch is what they hold."""
        opened = Apart(
            "Opening the file in ONNX Runtime",
            *(open_optimized, self.data, 1),
            lines=min(os.cpu_count() or 1, MOST_LINES),
            seconds=SECONDS * (batch or 1),
        )
        order = [self.names.index(name) for name in self.outputs]

        def ordered(sample: Sample) -> list[np.ndarray]:
            arrays = opened.call("", sample)
            return [arrays[index] for index in order]

        return ordered

    def stored(self, sample: Sample) -> Sample:
        """Return a sample made for the file as the file stores it: the same."""
        return sample

    def open_stored(self) -> Callable[[Sample], Sample]:
        """Return what runs such samples as an app does; halves come back as float32."""
        opened = Apart("Opening the file in ONNX Runtime", open_optimized, self.data)

        def named(sample: Sample) -> Sample:
            return dict(zip(self.names, opened.call("", sample), strict=True))

        return named

    def expected(self, reference: Outputs, runtime: str) -> Outputs:
        """Return what a runtime is to give where the graph computes ``reference``: the same."""
        return reference


@dataclass(frozen=True)
class ONNXFile:
    """A file that has been read.

    Attributes:
        path: Where.
        data: Its content.
        model: The same, parsed.
    """

    path: Path
    data: bytes
    model: onnx.ModelProto

    takes_pictures = False
    reads_bgr = False
    labels: ClassVar[Mapping[str, Sequence[str]]] = {}
    known_runtimes: Collection[str] = (OPTIMIZED, BASIC)
    default_runtimes = (OPTIMIZED,)
    baseline = BASIC

    def facts(self) -> dict[str, Any]:
        """Return what it holds as plain values."""
        return summarize(self.model, len(self.data))

    def sheets(self) -> Sequence[Sheet]:
        """Return the same for people."""
        return sheets(self.facts())

    def constants(self) -> Mapping[str, np.ndarray]:
        """Return name -> values of its initializers and constants, as they are stored.

        Raises:
            InputError: They lie in another file, or are damaged.
        """
        with self._constants_read():
            return constants(self.model)

    def scales(self) -> Mapping[str, tuple[float, int]]:
        """Return name of a value that a QuantizeLinear reads -> its scale and zero point.

        Raises:
            InputError: As for `constants`.
        """
        with self._constants_read():
            return scales(self.model)

    @contextmanager
    def _constants_read(self) -> Iterator[None]:
        try:
            yield
        # onnx raises what it meets: ValueError, TypeError, and protobuf's own.
        except Exception as error:
            why = str(error).partition("\n")[0]
            raise InputError(f"The constants of {self.path} cannot be read.", why=why) from error

    @property
    def digest(self) -> str:
        """What a manifest records as its sha256."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def inputs(self) -> Shapes:
        """Its inputs.

        Raises:
            InputError: It leaves the extent of an axis open, so that nothing can be fed; or as for
                `check_ports`.
        """
        self._check()
        shapes = {value.name: _shape(value) for value in self._inputs}
        for name, shape in shapes.items():
            if shape is None:
                raise InputError(
                    f"{self.path} leaves a dimension of its input {name} open.",
                    todo="compare it with a graph whose shapes are fixed: --reference FILE.onnx "
                    "--input SHAPE",
                )
        return {name: shape for name, shape in shapes.items() if shape is not None}

    @property
    def _inputs(self) -> list[onnx.ValueInfoProto]:
        constants = {one.name for one in self.model.graph.initializer}
        return [value for value in self.model.graph.input if value.name not in constants]

    def _check(self) -> None:
        check_ports(self.path, self._inputs, self.model.graph)

    def tolerance(self, scheme: str | None) -> str:
        """Return the tolerance of a scheme of a manifest, or of what the file holds."""
        if scheme is not None:
            return "float" if scheme == "none" else scheme
        if any(node.op_type == "DequantizeLinear" for node in self.model.graph.node):
            return "int8"
        halves = any(one.data_type == TensorProto.FLOAT16 for one in self.model.graph.initializer)
        return "fp16" if halves else "float"

    def alone(self) -> RelatedONNX:
        """Return the file without a graph.

        Raises:
            InputError: As for `check_ports`.
        """
        self._check()
        inputs = {value.name: _dtype(value) for value in self._inputs}
        outputs = tuple(value.name for value in self.model.graph.output)
        return RelatedONNX(self.data, inputs, outputs, outputs)

    def beside(self, reference: Reference, recorded: Artifact | None) -> RelatedONNX:
        """Return the file related to a graph: by names where these are the same, else by order.

        Raises:
            InputError: The inputs or outputs do not fit together; or as for `check_ports`.
        """
        self._check()
        inputs = _match("input", self._inputs, reference.inputs)
        outputs = _match("output", list(self.model.graph.output), reference.outputs)
        return RelatedONNX(
            data=self.data,
            inputs={value.name: _dtype(value) for value in inputs},
            names=tuple(value.name for value in self.model.graph.output),
            outputs=tuple(value.name for value in outputs),
        )


def open_onnx(path: Path) -> ONNXFile:
    """Read a .onnx file.

    Raises:
        InputError: It is none, or cannot be read.
    """
    data = read_bytes(path)
    try:
        model = onnx.load_model_from_string(data)
        if not model.opset_import or not model.graph.output:
            raise ValueError("it holds no graph")
    # Protobuf's errors for damaged bytes have no common base with others but Exception.
    except Exception as error:
        raise InputError(
            f"{path} is not a readable ONNX model.", why=str(error).strip().partition("\n")[0]
        ) from error
    return ONNXFile(path, data, model)


def _match(
    side: str, values: list[onnx.ValueInfoProto], expected: Shapes
) -> list[onnx.ValueInfoProto]:
    """Return the inputs or outputs of a file in the order of the graph's.

    Raises:
        InputError: Their numbers or shapes do not fit.
    """
    todo = "give the graph that the file was made from: --reference FILE.onnx"
    if len(values) != len(expected):
        raise InputError(
            f"The file has {len(values)} {side}s and the reference {len(expected)}.", todo=todo
        )
    by_name = {value.name: value for value in values}
    if set(by_name) == set(expected):
        values = [by_name[name] for name in expected]
    for value, shape in zip(values, expected.values(), strict=True):
        if (_shape(value) or shape) != shape:
            raise InputError(
                f"The {side} {value.name!r} of the file has shape {_shape(value)}, and the "
                f"reference {shape}.",
                todo=todo,
            )
    return values


def _shape(value: onnx.ValueInfoProto) -> tuple[int, ...] | None:
    """Return a shape, or None if an extent is open."""
    kind = value.type.tensor_type
    shape = tuple(one.dim_value for one in kind.shape.dim)
    return shape if kind.HasField("shape") and all(extent > 0 for extent in shape) else None


def _dtype(value: onnx.ValueInfoProto) -> np.dtype[Any]:
    return helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
