"""What a TFLite file holds: its operators, tensors, quantization and metadata."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from _edgeship.export.tflite.metadata.found import Found, find
from _edgeship.export.tflite.reading import (
    SAID,
    ModelRecord,
    OperatorRecord,
    SubgraphRecord,
    TensorRecord,
    printable,
    read_model,
)

# TFLite's GPU delegate is made for tensors of up to four axes.
_GPU_RANK = 4
_TEXT_METADATA = ("min_runtime_version", "reduced_precision_support", "edgeship_picture")


@dataclass(frozen=True)
class FilePort:
    """An input or output of the file.

    Attributes:
        name: Its name in the signature, or else that of the tensor.
        shape: Its shape, unless an app resizes the file.
        dtype: Its data type.
        scale: Real units per step, or None if it is not quantized.
        zero_point: The integer that stands for zero, or None if it is not quantized.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float | None
    zero_point: int | None


@dataclass(frozen=True)
class Signature:
    """A signature: its key and the names of its inputs and outputs."""

    key: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class OperatorKind:
    """The operators of one kind and version.

    Attributes:
        kind: The name in the schema, such as "CONV_2D".
        version: The version the runtime must have.
        count: How many there are.
        max_rank: The highest number of axes among their inputs and outputs.
        dtypes: How many of them compute each data type (that of the first output).
    """

    kind: str
    version: int
    count: int
    max_rank: int
    dtypes: dict[str, int]


@dataclass(frozen=True)
class Tensors:
    """All tensors.

    Attributes:
        count: How many there are.
        dtypes: How many there are of each data type.
        constant_bytes: The bytes of constants of each data type; a shared buffer counts once.
        ranks: How many there are of each number of axes.
        above_rank_4: How many have more axes than TFLite's GPU delegate is made for.
    """

    count: int
    dtypes: dict[str, int]
    constant_bytes: dict[str, int]
    ranks: dict[int, int]
    above_rank_4: int


@dataclass(frozen=True)
class Conversions:
    """Where the operators QUANTIZE, or those DEQUANTIZE, are.

    Attributes:
        at_edges: At an input or output of the file (or of an inner subgraph).
        of_constants: Behind a constant, as float16 weights have them; runtimes fold these.
        inside: Between other operators, where each costs time.
    """

    at_edges: int
    of_constants: int
    inside: int


@dataclass(frozen=True)
class Quantization:
    """How numbers are stored and computed.

    Attributes:
        scheme: "none", "float16 weights", "int8 weights" (computed as float), "dynamic" (int8
            weights, activations quantized while running), or the commonest quantized activations:
            "int8", "uint8" or "int16x8".
        per_channel_tensors: How many tensors have a scale for each channel.
        quantize: Where the operators QUANTIZE are.
        dequantize: Where the operators DEQUANTIZE are.
    """

    scheme: str
    per_channel_tensors: int
    quantize: Conversions
    dequantize: Conversions


@dataclass(frozen=True)
class Inspection:
    """A TFLite file.

    Attributes:
        file_bytes: The size of the file.
        description: The text its writer left.
        schema_version: The version of the TFLite schema.
        signatures: The signatures.
        inputs: The inputs, in the file's order.
        outputs: The outputs, in the file's order.
        operator_count: How many operators there are.
        operators: The operators by kind and version, the most frequent first.
        tensors: The tensors.
        quantization: The quantization.
        metadata: Each entry by name: its text if it is known to be one, else its size.
        buffer_bytes: The bytes of all buffers: constants and metadata.
        said: What the file says of itself, and the files at its end.
    """

    file_bytes: int
    description: str
    schema_version: int
    signatures: tuple[Signature, ...]
    inputs: tuple[FilePort, ...]
    outputs: tuple[FilePort, ...]
    operator_count: int
    operators: tuple[OperatorKind, ...]
    tensors: Tensors
    quantization: Quantization
    metadata: dict[str, str]
    buffer_bytes: int
    said: Found = field(default_factory=lambda: Found({}, {}, ()))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as dictionaries, tuples and plain values, ready for JSON."""
        plain = asdict(replace(self, said=Found({}, {}, ())))
        return {**plain, "said": self.said.to_dict()}


def inspect(data: bytes) -> Inspection:
    """Say what a TFLite file holds; nothing of it is run.

    Args:
        data: The bytes of the file, which need not be trustworthy.

    Raises:
        InputError: The bytes are not a TFLite file, or a damaged one.
    """
    model = read_model(data)
    found = describe(model, len(data))
    _, packed = model.metadata.get(SAID, (0, None))
    return replace(found, said=find(data, packed, [port.shape for port in found.outputs]))


def describe(model: ModelRecord, file_bytes: int) -> Inspection:
    """Say what a TFLite file holds that has been read.

    Args:
        model: What was read.
        file_bytes: The size of the file.
    """
    network = model.subgraphs[0]
    names: dict[int, str] = {}
    for signature in model.signatures:
        if signature.subgraph == 0:
            names |= signature.inputs | signature.outputs
    operators = _operators(model)
    return Inspection(
        file_bytes=file_bytes,
        description=model.description,
        schema_version=model.schema_version,
        signatures=tuple(
            Signature(s.key, tuple(s.inputs.values()), tuple(s.outputs.values()))
            for s in model.signatures
        ),
        inputs=tuple(_port(network, index, names) for index in network.inputs),
        outputs=tuple(_port(network, index, names) for index in network.outputs),
        operator_count=sum(kind.count for kind in operators),
        operators=operators,
        tensors=_tensors(model),
        quantization=_quantization(model),
        metadata={
            name: printable(head.rstrip(b"\0")) if name in _TEXT_METADATA else f"{size} bytes"
            for name, (size, head) in model.metadata.items()
        },
        buffer_bytes=sum(model.buffers),
    )


def _port(graph: SubgraphRecord, index: int, names: dict[int, str]) -> FilePort:
    tensor = graph.tensors[index]
    name = names.get(index) or graph.inputs.get(index) or graph.outputs.get(index, "")
    return FilePort(name, tensor.shape, tensor.dtype, tensor.scale, tensor.zero_point)


def _operators(model: ModelRecord) -> tuple[OperatorKind, ...]:
    counts: Counter[tuple[str, int]] = Counter()
    ranks: dict[tuple[str, int], int] = {}
    dtypes: dict[tuple[str, int], Counter[str]] = {}
    for operator, inputs, outputs in _wired(model):
        key = operator.kind, operator.version
        counts[key] += 1
        ranks[key] = max([ranks.get(key, 0), *(len(tensor.shape) for tensor in inputs + outputs)])
        dtypes.setdefault(key, Counter()).update(tensor.dtype for tensor in outputs[:1])
    return tuple(
        OperatorKind(*key, count, ranks[key], dict(dtypes[key]))
        for key, count in counts.most_common()
    )


def _tensors(model: ModelRecord) -> Tensors:
    tensors = [tensor for graph in model.subgraphs for tensor in graph.tensors]
    ranks = Counter(len(tensor.shape) for tensor in tensors)
    constant_bytes: Counter[str] = Counter()
    for buffer, dtype in {tensor.buffer: tensor.dtype for tensor in tensors}.items():
        constant_bytes[dtype] += model.buffers[buffer]
    return Tensors(
        count=len(tensors),
        dtypes=dict(Counter(tensor.dtype for tensor in tensors)),
        constant_bytes={dtype: size for dtype, size in constant_bytes.items() if size},
        ranks=dict(sorted(ranks.items())),
        above_rank_4=sum(count for rank, count in ranks.items() if rank > _GPU_RANK),
    )


def _quantization(model: ModelRecord) -> Quantization:
    tensors = (tensor for graph in model.subgraphs for tensor in graph.tensors)
    return Quantization(
        scheme=_scheme(model),
        per_channel_tensors=sum(tensor.scales > 1 for tensor in tensors),
        quantize=_conversions(model, "QUANTIZE"),
        dequantize=_conversions(model, "DEQUANTIZE"),
    )


def _scheme(model: ModelRecord) -> str:
    activations: Counter[str] = Counter()
    stored: Counter[str] = Counter()
    dynamic = False
    for operator, inputs, outputs in _wired(model):
        constants = [tensor for tensor in inputs if model.buffers[tensor.buffer]]
        if operator.kind == "DEQUANTIZE":
            stored.update(tensor.dtype for tensor in constants)
        elif operator.kind != "QUANTIZE":
            activations.update(tensor.dtype for tensor in outputs if tensor.scales)
            dynamic |= any(tensor.scales for tensor in constants)
    if activations:
        dtype = activations.most_common(1)[0][0]
        return "int16x8" if dtype == "int16" else dtype
    if dynamic:
        return "dynamic"
    return f"{stored.most_common(1)[0][0]} weights" if stored else "none"


def _conversions(model: ModelRecord, kind: str) -> Conversions:
    places: Counter[str] = Counter()
    for graph in model.subgraphs:
        edges = graph.inputs.keys() | graph.outputs.keys()
        for operator in graph.operators:
            if operator.kind == kind:
                places[_place(model, graph, operator, edges)] += 1
    return Conversions(places["edge"], places["constant"], places["inside"])


def _place(
    model: ModelRecord, graph: SubgraphRecord, operator: OperatorRecord, edges: Set[int]
) -> str:
    if not edges.isdisjoint(operator.inputs + operator.outputs):
        return "edge"
    inputs = (graph.tensors[index] for index in operator.inputs if index >= 0)
    return "constant" if any(model.buffers[tensor.buffer] for tensor in inputs) else "inside"


def _wired(
    model: ModelRecord,
) -> Iterator[tuple[OperatorRecord, list[TensorRecord], list[TensorRecord]]]:
    """Each operator with the tensors it reads and those it writes."""
    for graph in model.subgraphs:
        for operator in graph.operators:
            inputs = [graph.tensors[index] for index in operator.inputs if index >= 0]
            outputs = [graph.tensors[index] for index in operator.outputs if index >= 0]
            yield operator, inputs, outputs
