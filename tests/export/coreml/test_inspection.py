"""What packages hold: counted in packages that coremltools wrote, and in small programs."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from _edgeship.errors import InputError
from _edgeship.export.coreml.format.library import coremltools
from _edgeship.export.coreml.format.package import package_of
from _edgeship.export.coreml.inspection import Inspection, inspect_package, inspect_program
from _edgeship.export.coreml.stored_weights import WeightKind
from tests.export.coreml.programs import classifier, constant, operation, program, tensor

pytestmark = pytest.mark.slow

#: Values of the two filters of the network below, and of its bias.
FIRST, SECOND, BIAS = 16 * 8 * 3 * 3, 64 * 16 * 3 * 3, 16


def network(ios: int, precision: str = "FLOAT16", zeros: float = 0.0) -> Any:
    """Return two convolutions as an MLModel; a part of the second one's weights is zero."""
    ct = coremltools()
    from coremltools.converters.mil import Builder

    generator = np.random.default_rng(0)
    first = generator.standard_normal((16, 8, 3, 3)).astype(np.float32)
    second = generator.standard_normal((64, 16, 3, 3)).astype(np.float32)
    second.reshape(-1)[: int(zeros * second.size)] = 0
    target = getattr(ct.target, f"iOS{ios}")

    @Builder.program(input_specs=[Builder.TensorSpec(shape=(1, 8, 8, 8))], opset_version=target)
    def program(image: Any) -> Any:
        x = Builder.conv(
            x=image, weight=first, bias=np.ones(16, np.float32), pad_type="same", name="first"
        )
        x = Builder.relu(x=x)
        return Builder.conv(x=x, weight=second, strides=[2, 2], pad_type="valid", name="second")

    return ct.convert(
        program,
        convert_to="mlprogram",
        minimum_deployment_target=target,
        compute_precision=getattr(ct.precision, precision),
        skip_model_load=True,
    )


def quantized(model: Any, dtype: str = "int8", joint: bool = False) -> Any:
    import coremltools.optimize.coreml as optimize

    config = optimize.OpLinearQuantizerConfig(
        mode="linear_symmetric", dtype=dtype, granularity="per_channel", weight_threshold=512
    )
    config = optimize.OptimizationConfig(global_config=config)
    return optimize.linear_quantize_weights(model, config, joint_compression=joint)


def palettized(model: Any, bits: int, joint: bool = False) -> Any:
    import coremltools.optimize.coreml as optimize

    config = optimize.OpPalettizerConfig(mode="uniform", nbits=bits, weight_threshold=512)
    config = optimize.OptimizationConfig(global_config=config)
    return optimize.palettize_weights(model, config, joint_compression=joint)


def sparse(model: Any) -> Any:
    import coremltools.optimize.coreml as optimize

    config = optimize.OpThresholdPrunerConfig(
        threshold=1e-12, minimum_sparsity_percentile=0.5, weight_threshold=512
    )
    return optimize.prune_weights(model, optimize.OptimizationConfig(global_config=config))


def inspected(model: Any) -> Inspection:
    return inspect_package(package_of(model))


def kinds(found: Inspection) -> dict[str, tuple[int, int]]:
    return {kind.kind: (kind.tensors, kind.values) for kind in found.weights}


def test_a_float32_package_in_full() -> None:
    package = package_of(network(15, "FLOAT32"))
    found = inspect_package(package)
    report = json.loads(json.dumps(found.to_dict()))
    assert report["package_bytes"] == sum(map(len, package.values()))
    assert report["file_bytes"] == {name: len(data) for name, data in package.items()}
    assert (report["specification_version"], report["ios"], report["opset"]) == (6, 15, "CoreML5")
    assert [(port["name"], port["dtype"], port["shape"]) for port in report["inputs"]] == [
        ("image", "float32", [1, 8, 8, 8])
    ]
    assert [port["name"] for port in report["outputs"]] == ["second"]
    assert report["operator_count"] == 3
    assert report["operators"] == [
        {"kind": "conv", "count": 2, "max_rank": 4, "dtypes": {"float32": 2}},
        {"kind": "relu", "count": 1, "max_rank": 4, "dtypes": {"float32": 1}},
    ]
    assert report["compute"] == {"float32": 3}
    values = FIRST + SECOND + BIAS
    weights = {"kind": "float32", "tensors": 3, "values": values, "stored_bytes": 4 * values}
    assert report["weights"] == [weights]
    assert report["weight_bytes"] == 4 * values
    assert report["quantize"] == report["labels"] == 0
    [departure] = report["neural_engine"]
    assert departure["operators"] == {"conv": 2, "relu": 1}
    assert "typed-execution" in departure["source"]


def test_a_float16_package_has_half_the_bytes_and_casts_that_compute_nothing() -> None:
    found = inspected(network(15))
    values = FIRST + SECOND + BIAS
    assert found.weights == (WeightKind("float16", 3, values, 2 * values),)
    assert found.compute == {"float16": 3}
    assert {kind.kind: kind.count for kind in found.operators} == {"cast": 2, "conv": 2, "relu": 1}
    assert (found.compute_kind, found.weight_kind) == ("float16", "float16")
    assert found.neural_engine == ()


@pytest.mark.parametrize("ios", [16, 18])
def test_int8_weights(ios: int) -> None:
    found = inspected(quantized(network(ios)))
    assert kinds(found) == {"int8": (2, FIRST + SECOND), "float16": (1, BIAS)}
    # Beside each value stand a scale for each filter and at most a zero point and the axis.
    extra = found.weights[0].stored_bytes - FIRST - SECOND
    assert 2 * (16 + 64) <= extra <= 2 * (16 + 64) + (16 + 64) + 2 * 4
    assert found.compute == {"float16": 3}
    assert found.weight_kind == "int8"


@pytest.mark.parametrize(("ios", "bits"), [(16, 6), (16, 4), (18, 6), (18, 3)])
def test_palettes(ios: int, bits: int) -> None:
    found = inspected(palettized(network(ios), bits))
    assert kinds(found) == {f"{bits}-bit palette": (2, FIRST + SECOND), "float16": (1, BIAS)}
    indices = (FIRST + SECOND) * bits // 8
    palettes = 2 * 2 * 2**bits
    shapes = 2 * 4 * 4 if ios < 18 else 0
    assert found.weights[0].stored_bytes == indices + palettes + shapes


@pytest.mark.parametrize("ios", [16, 18])
def test_sparse_weights(ios: int) -> None:
    found = inspected(sparse(network(ios, zeros=0.75)))
    assert kinds(found) == {
        "sparse float16": (1, SECOND),
        "float16": (2, FIRST + BIAS),
    }
    mask, values = SECOND // 8, 2 * SECOND // 4
    shape = 4 * 4 if ios < 18 else 0
    assert found.weights[0].stored_bytes == mask + values + shape


def test_weights_that_are_packed_twice() -> None:
    pruned = sparse(network(18, zeros=0.75))
    found = inspected(palettized(pruned, 4, joint=True))
    assert kinds(found)["sparse 4-bit palette"] == (1, SECOND)
    mask, indices, palette = SECOND // 8, SECOND // 4 // 2, 2 * 2**4
    assert found.weights[0].stored_bytes == mask + indices + palette
    with np.errstate(invalid="ignore"):  # filters of zeros have the scale 0
        quantized_too = quantized(pruned, joint=True)
    assert kinds(inspected(quantized_too))["sparse int8"] == (1, SECOND)


def test_int4_weights_take_half_a_byte() -> None:
    found = inspected(quantized(network(18), "int4"))
    assert kinds(found)["int4"] == (2, FIRST + SECOND)
    assert found.weights[0].stored_bytes == (FIRST + SECOND) // 2 + 2 * (16 + 64)


def test_damaged_files_are_refused() -> None:
    package = package_of(network(15))
    with pytest.raises(InputError, match="not a Core ML package"):
        inspect_package({"a": b"b"})
    name = next(name for name in package if name.endswith("weight.bin"))
    with pytest.raises(InputError, match="weights of this package are damaged"):
        inspect_package({**package, name: package[name][:100]})


def test_scales_of_activations_are_no_weights_and_conversions_do_not_compute() -> None:
    found = inspect_program(classifier(), {"weights": 12, "model": 30})
    assert found.weights == (WeightKind("float16", 1, 6, 12),)
    assert (found.quantize, found.labels, found.predicted_feature) == (1, 2, "label")
    assert found.compute == {"float16": 1}
    assert (found.package_bytes, found.ios) == (42, 17)
    # What is set, those that Xcode shows first, the others by name.
    assert list(found.metadata) == ["author", "b", "z"]


def test_a_packing_without_end_is_read_and_not_followed() -> None:
    packed = [constant("p0", np.ones(4, np.float16))]
    for number in range(1, 3000):
        packed.append(
            operation(
                "constexpr_sparse_to_dense",
                tensor(f"p{number}", 4),
                nonzero_data=(f"p{number - 1}",),
            )
        )
    last = operation("add", tensor("y", 4), x=("image",), y=("p2999",))
    [kind] = inspect_program(program(*packed, last), {}).weights
    assert (kind.tensors, kind.values, kind.stored_bytes) == (1, 4, 8)
