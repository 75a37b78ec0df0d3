"""One network of two convolutions, built by hand three times: PyTorch, ONNX and TFLite.

Input "image" (1, 3, 6, 4), 3x3 convolution to 4 channels, ReLU, 3x3 convolution to 5 channels;
output "features" (1, 5, 6, 4).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import flatbuffers
import numpy as np
import onnx
import torch
from ai_edge_litert import schema_py_generated as schema
from onnx import TensorProto, helper, numpy_helper

from _edgeship.export.runtimes.tflite_ports import FileIO, PortSpec

IMAGE = (1, 3, 6, 4)
NHWC = (0, 2, 3, 1)
IO = FileIO(
    inputs=(PortSpec("image", (1, 6, 4, 3), NHWC),),
    outputs=(PortSpec("features", (1, 6, 4, 5), NHWC),),
)
TRACE = {"file/hidden": ("hidden", NHWC), "file/features": ("features", NHWC)}


@dataclass(frozen=True)
class Weights:
    """OIHW kernels and biases of both layers."""

    kernel1: np.ndarray
    bias1: np.ndarray
    kernel2: np.ndarray
    bias2: np.ndarray


def weights(seed: int = 0) -> Weights:
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(np.float32)

    return Weights(normal(4, 3, 3, 3), normal(4), normal(5, 4, 3, 3), normal(5))


def samples(count: int = 3, seed: int = 1) -> list[dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [{"image": rng.standard_normal(IMAGE).astype(np.float32)} for _ in range(count)]


def torch_net(w: Weights) -> torch.nn.Module:
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(4, 5, 3, padding=1)
    )
    values = {"0.weight": w.kernel1, "0.bias": w.bias1, "2.weight": w.kernel2, "2.bias": w.bias2}
    net.load_state_dict({name: torch.from_numpy(value) for name, value in values.items()})
    return net


def onnx_bytes(w: Weights) -> bytes:
    constants = {"k1": w.kernel1, "b1": w.bias1, "k2": w.kernel2, "b2": w.bias2}
    nodes = [
        *(
            helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value))
            for name, value in constants.items()
        ),
        helper.make_node("Conv", ["image", "k1", "b1"], ["sums"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["sums"], ["hidden"]),
        helper.make_node("Conv", ["hidden", "k2", "b2"], ["features"], pads=[1, 1, 1, 1]),
    ]
    graph = helper.make_graph(
        nodes,
        "two_convs",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, IMAGE)],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, (1, 5, 6, 4))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 10
    onnx.checker.check_model(model)
    serialized: bytes = model.SerializeToString()
    return serialized


def tflite_bytes(
    w: Weights,
    *,
    signature: bool = True,
    output_name: str = "features",
    half_kernels: bool = False,
) -> bytes:
    model = schema.ModelT()
    model.version = 3
    model.buffers = [schema.BufferT()]
    graph = schema.SubGraphT()
    graph.tensors = []
    model.subgraphs = [graph]

    def tensor(name: str, shape: tuple[int, ...], values: np.ndarray | None = None) -> int:
        entry = schema.TensorT()
        entry.name = f"file/{name}".encode()
        entry.shape = list(shape)
        entry.type = schema.TensorType.FLOAT32
        entry.buffer = 0
        if values is not None:
            if values.dtype == np.float16:
                entry.type = schema.TensorType.FLOAT16
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
            model.buffers.append(buffer)
            entry.buffer = len(model.buffers) - 1
        graph.tensors.append(entry)
        return len(graph.tensors) - 1

    def constant(name: str, values: np.ndarray) -> int:
        return tensor(name, values.shape, values)

    def kernel(name: str, oihw: np.ndarray) -> int:
        ohwi = oihw.transpose(0, 2, 3, 1)
        if not half_kernels:
            return constant(name, ohwi)
        widened = schema.OperatorT()
        widened.opcodeIndex = 1
        widened.inputs = [constant(f"{name}/half", ohwi.astype(np.float16))]
        widened.outputs = [tensor(name, ohwi.shape)]
        graph.operators.append(widened)
        return int(widened.outputs[0])

    def conv(source: int, kernel: int, bias: int, output: int, activation: int) -> object:
        options = schema.Conv2DOptionsT()
        options.padding = schema.Padding.SAME
        options.strideH = options.strideW = 1
        options.dilationHFactor = options.dilationWFactor = 1
        options.fusedActivationFunction = activation
        operator = schema.OperatorT()
        operator.opcodeIndex = 0
        operator.inputs = [source, kernel, bias]
        operator.outputs = [output]
        operator.builtinOptionsType = schema.BuiltinOptions.Conv2DOptions
        operator.builtinOptions = options
        return operator

    kinds = schema.BuiltinOperator
    model.operatorCodes = [_operator_code(kinds.CONV_2D), _operator_code(kinds.DEQUANTIZE)]
    graph.operators = []
    image = tensor("image", (1, 6, 4, 3))
    k1, b1 = kernel("k1", w.kernel1), constant("b1", w.bias1)
    hidden = tensor("hidden", (1, 6, 4, w.kernel1.shape[0]))
    k2, b2 = kernel("k2", w.kernel2), constant("b2", w.bias2)
    features = tensor("features", (1, 6, 4, 5))
    activations = schema.ActivationFunctionType
    graph.operators += [
        conv(image, k1, b1, hidden, activations.RELU),
        conv(hidden, k2, b2, features, activations.NONE),
    ]
    graph.inputs, graph.outputs = [image], [features]
    if signature:
        entry = schema.SignatureDefT()
        entry.signatureKey = b"serving_default"
        entry.subgraphIndex = 0
        entry.inputs = [_tensor_map("image", image)]
        entry.outputs = [_tensor_map(output_name, features)]
        model.signatureDefs = [entry]
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def quantized_bytes(float_file: bytes, bits: int = 8) -> bytes:
    """Quantize activations to 8 or 16 bits with Google's quantizer."""
    from litert_quantizer import Quantizer, recipe

    quantizer = Quantizer(bytearray(float_file))
    quantizer.load_quantization_recipe(
        recipe.static_wi8_ai8() if bits == 8 else recipe.static_wi8_ai16()
    )
    ranges: dict[str, dict[str, np.ndarray]] = {}
    with warnings.catch_warnings():
        # About the memory that calibration takes.
        warnings.simplefilter("ignore", UserWarning)
        # Merged here: the quantizer's own moving average stays near the first sample's range.
        for sample in samples(8):
            image = sample["image"].transpose(NHWC)
            seen = quantizer.calibrate({"serving_default": [{"image": image}]})
            for name, limits in seen.items():
                merged = ranges.setdefault(name, limits)
                merged["min"] = np.minimum(merged["min"], limits["min"])
                merged["max"] = np.maximum(merged["max"], limits["max"])
        return bytes(quantizer.quantize(ranges).quantized_model)


def _operator_code(kind: int) -> object:
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = kind
    code.version = 3 if kind == schema.BuiltinOperator.DEQUANTIZE else 1
    return code


def _tensor_map(name: str, tensor: int) -> object:
    entry = schema.TensorMapT()
    entry.name = name.encode()
    entry.tensorIndex = tensor
    return entry
