"""What the check of stored weights allows, and what it does not."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.errors import VerificationError
from _edgeship.export.coreai.building.storage import as_int8, as_it_is, as_palette
from _edgeship.export.coreai.execution import run_program
from _edgeship.export.coreai.format.asset import asset_of
from _edgeship.export.coreai.lowering import lower
from _edgeship.export.coreai.summary import summarize
from _edgeship.export.coreai.weight_check import check_weights, unpacked
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.verification.metrics import compare
from tests.export.onnx.graphs import graph, node, normal

STORAGES = {"float16": as_it_is, "int8": as_int8, **{f"palette{n}": as_palette(n) for n in (4, 6)}}


@pytest.mark.parametrize("name", STORAGES)
def test_many_weights_pass_in_every_storage(name: str) -> None:
    """So many that some lie next to the middle between two entries of a palette."""
    storage = STORAGES[name]
    weights = {"w": normal(64, 32, 5, 5, seed=3), "v": normal(512, 64, seed=4) * 1e-4}
    nodes = [node("Conv", "x w", "y"), node("MatMul", "z v", "a")]
    shapes, outputs = {"x": (1, 32, 5, 5), "z": (1, 512)}, {"y": (1, 64, 1, 1), "a": (1, 64)}
    made = graph(nodes, shapes, outputs, weights)
    lowered = lower(made, np.float16, storage)
    asset = asset_of(lowered.program)
    summary = summarize(asset)
    check_weights(made, summary)
    sample = {key: normal(*shape) for key, shape in shapes.items()}
    parity = compare(run_onnx(serialize(made), [sample]), run_program(asset, lowered.io, [sample]))
    assert parity.sqnr_db > {"float16": 60, "palette4": 15}.get(name, 25), name
    other = graph(nodes, shapes, outputs, {**weights, "w": weights["w"][::-1].copy()})
    with pytest.raises(VerificationError, match="constant w is not stored"):
        check_weights(other, summary)


def test_channels_beside_one_whose_scale_float16_has_few_digits_for_are_rounded_once() -> None:
    weights = np.random.default_rng(3).uniform(-1, 1, (64, 32, 5, 5)).astype(np.float32)
    weights[7] *= 1e-4
    scale = np.abs(weights).max(axis=(1, 2, 3)) / np.float32(127)
    integers = np.rint(weights / scale.reshape(-1, 1, 1, 1)).astype(np.int8)
    assert scale[7] < 2**-14 < np.delete(scale, 7).min()
    stored = {"w_quantized": integers, "s": scale, "z": np.zeros(64, np.int8)}
    nodes = [node("DequantizeLinear", "w_quantized s z", "d", axis=0), node("Conv", "x d", "y")]
    shapes, outputs = {"x": (1, 32, 5, 5)}, {"y": (1, 64, 1, 1)}
    summary = summarize(asset_of(lower(graph(nodes, shapes, outputs, stored), np.float16).program))
    check_weights(graph([node("Conv", "x w", "y")], shapes, outputs, {"w": weights}), summary)


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 6])
def test_integers_of_few_bits_are_unpacked_from_the_lowest_on(bits: int) -> None:
    numbers = np.random.default_rng(bits).integers(0, 1 << bits, 37)
    text = "".join(format(one, f"0{bits}b")[::-1] for one in numbers)
    padded = text.ljust(-(-len(text) // 8) * 8, "0")
    data = bytes(int(padded[at : at + 8][::-1], 2) for at in range(0, len(padded), 8))
    assert np.array_equal(unpacked(np.frombuffer(data, np.uint8), bits, 37), numbers)
