"""What an .mlpackage holds: its inputs, operators, weights, and what it computes in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from _edgeship.export.coreml.evaluator.mil.program import Feature, MilProgram
from _edgeship.export.coreml.evaluator.reading import read_program
from _edgeship.export.coreml.format.library import IOS_OF_VERSION
from _edgeship.export.coreml.neural_engine import Departure, departures
from _edgeship.export.coreml.stored_weights import FLOATS, WeightKind, float_name, stored_weights
from _edgeship.export.coreml.wiring import Wiring, stores

#: Metadata that every model may have.
_SHOWN = ("short_description", "author", "license", "version")

#: Operators that change types and compute nothing.
_CONVERSIONS = ("cast", "classify", "dequantize", "quantize")


@dataclass(frozen=True)
class OperatorKind:
    """The operators of one kind.

    Attributes:
        kind: The name in MIL, such as "conv".
        count: How many there are.
        max_rank: The highest number of axes among what they read and compute.
        dtypes: How many of them compute each data type (that of the first output).
    """

    kind: str
    count: int
    max_rank: int
    dtypes: dict[str, int]


@dataclass(frozen=True)
class Inspection:
    """An .mlpackage.

    Attributes:
        package_bytes: The size of all its files.
        file_bytes: The size of each file, by its path in the package.
        specification_version: Of the file format.
        ios: The oldest iOS that reads it, or None if that is not known.
        opset: Version of the operators, such as "CoreML7".
        inputs: What the application gives, in the file's order.
        outputs: What it gets.
        labels: How many classes a classifier names; 0 for others.
        predicted_feature: The output that is a classifier's label, or "".
        metadata: Author, license, version, description and the user-defined entries, where set.
        operator_count: How many operators there are, without constants.
        operators: The operators by kind, the most frequent first.
        compute: How many operators compute in each float type, without conversions of types.
        weights: The weights by how they are stored, the largest first.
        weight_bytes: What all weights together take in the file.
        quantize: How many activations are quantized while the package runs.
        neural_engine: Operators that are known to leave the Neural Engine.
    """

    package_bytes: int
    file_bytes: dict[str, int]
    specification_version: int
    ios: int | None
    opset: str
    inputs: tuple[Feature, ...]
    outputs: tuple[Feature, ...]
    labels: int
    predicted_feature: str
    metadata: dict[str, str]
    operator_count: int
    operators: tuple[OperatorKind, ...]
    compute: dict[str, int]
    weights: tuple[WeightKind, ...]
    weight_bytes: int
    quantize: int
    neural_engine: tuple[Departure, ...]

    @property
    def weight_kind(self) -> str:
        """How most of the weights' values are stored; "" where there are no weights."""
        return max(self.weights, key=lambda kind: kind.values).kind if self.weights else ""

    @property
    def compute_kind(self) -> str:
        """The float type that most operators compute in; "" where none computes in floats."""
        return max(self.compute, key=lambda name: self.compute[name]) if self.compute else ""

    def to_dict(self) -> dict[str, Any]:
        """Return everything as dictionaries, tuples and plain values, ready for JSON."""
        return asdict(self)


def inspect_package(files: Mapping[str, bytes]) -> Inspection:
    """Say what a package holds, without running it.

    Args:
        files: Path in the package -> content; they need not be trustworthy.

    Raises:
        InputError: This is not a package, or a damaged one.
        UnsupportedError: It holds something other than an ML program.
    """
    return inspect_program(read_program(files), {name: len(data) for name, data in files.items()})


def inspect_program(program: MilProgram, file_bytes: Mapping[str, int]) -> Inspection:
    """Say what a program holds that was already read from its package.

    Args:
        program: What the package holds.
        file_bytes: The size of each of its files.
    """
    wiring = Wiring(program)
    operators = _operators(program, wiring)
    weights = stored_weights(program, wiring)
    return Inspection(
        package_bytes=sum(file_bytes.values()),
        file_bytes=dict(sorted(file_bytes.items())),
        specification_version=program.specification_version,
        ios=IOS_OF_VERSION.get(program.specification_version),
        opset=program.opset,
        inputs=program.inputs,
        outputs=program.outputs,
        labels=len(program.labels),
        predicted_feature=program.predicted_feature,
        metadata=_metadata(program),
        operator_count=sum(kind.count for kind in operators),
        operators=operators,
        compute=_compute(operators),
        weights=weights,
        weight_bytes=sum(kind.stored_bytes for kind in weights),
        quantize=sum(kind.count for kind in operators if kind.kind == "quantize"),
        neural_engine=departures(program),
    )


def _metadata(program: MilProgram) -> dict[str, str]:
    """Return the texts that are set: those that Xcode shows first, then the others by name."""
    names = [*_SHOWN, *sorted(set(program.metadata) - set(_SHOWN))]
    return {name: program.metadata[name] for name in names if program.metadata.get(name)}


def _operators(program: MilProgram, wiring: Wiring) -> tuple[OperatorKind, ...]:
    counts: Counter[str] = Counter()
    ranks: dict[str, int] = {}
    dtypes: dict[str, Counter[str]] = {}
    for operation in program.operations:
        if stores(operation):
            continue
        kind = operation.kind
        shapes = [variable.shape or () for variable in wiring.inputs(operation)]
        shapes += [variable.shape or () for variable in operation.outputs]
        counts[kind] += 1
        ranks[kind] = max([ranks.get(kind, 0), *map(len, shapes)])
        dtypes.setdefault(kind, Counter()).update(
            float_name(output.dtype) for output in operation.outputs[:1]
        )
    return tuple(
        OperatorKind(kind, count, ranks[kind], dict(dtypes[kind]))
        for kind, count in counts.most_common()
    )


def _compute(operators: tuple[OperatorKind, ...]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for kind in operators:
        if kind.kind not in _CONVERSIONS:
            floats = {name: n for name, n in kind.dtypes.items() if name in FLOATS.values()}
            counts.update(floats)
    return dict(counts.most_common())
