from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from _edgeship.errors import VerificationError
from _edgeship.export.coreml.evaluator import Evaluator, MilProgram, read_program
from _edgeship.export.coreml.schemes import SCHEMES
from _edgeship.export.coreml.weight_check import _allowed, check_weights
from tests.export.coreml.compressing import COMPRESSED, dense, network, package
from tests.export.tflite.ops.harness import inputs_of

pytestmark = pytest.mark.slow

Array = NDArray[Any]


def check(program: MilProgram, scheme: str, ios: int) -> int:
    """Compare a program with the package that holds the same weights uncompressed."""
    plain = read_program(dense(ios, "float32" if scheme == "none" else "float16"))
    feeds = inputs_of(network())
    return check_weights(Evaluator(plain), Evaluator(program), feeds, SCHEMES[scheme])


def changed(
    program: MilProgram, output: str, parameter: str, change: Callable[[Array], None]
) -> MilProgram:
    """The program with one constant of one operator altered."""
    [found] = [op for op in program.operations if op.outputs[0].name.startswith(output)]
    constants = found.attributes if parameter in found.attributes else found.inputs
    altered = np.array(constants[parameter])
    change(altered)
    assert (altered != constants[parameter]).any()
    kept = {**constants, parameter: altered}
    field = {"attributes" if constants is found.attributes else "inputs": kept}
    operation = dataclasses.replace(found, **field)  # type: ignore[arg-type]
    operations = tuple(operation if op is found else op for op in program.operations)
    return dataclasses.replace(program, operations=operations)


@pytest.mark.parametrize(
    ("scheme", "ios"),
    [
        *(("none", ios) for ios in (16, 18)),
        *(("fp16", ios) for ios in (15, 16, 18)),
        *(("int8", ios) for ios in (17, 18)),
        *((scheme, ios) for scheme in COMPRESSED for ios in (16, 18)),
    ],
)
def test_what_is_right_passes(scheme: str, ios: int) -> None:
    assert check(read_program(package(scheme, ios)), scheme, ios) == 5


def off_by_one(data: Array) -> None:
    data.ravel()[100] ^= 1


def doubled(data: Array) -> None:
    data[3] *= 2


def exchanged(data: Array) -> None:
    data[[2, 9]] = data[[9, 2]]


def a_little_larger(data: Array) -> None:
    data[0] *= 1.02


@pytest.mark.parametrize("change", [off_by_one, doubled, exchanged])
def test_one_integer_that_is_another_is_found(change: Callable[[Array], None]) -> None:
    program = read_program(package("int8-weights", 16))
    broken = changed(program, "f_weight", "quantized_data", change)
    with pytest.raises(VerificationError, match="not what it was made from") as caught:
        check(broken, "int8-weights", 16)
    assert caught.value.where.startswith("the weight of f")


@pytest.mark.parametrize("change", [doubled, exchanged, a_little_larger])
def test_one_scale_that_is_another_is_found(change: Callable[[Array], None]) -> None:
    program = read_program(package("int8-weights", 16))
    with pytest.raises(VerificationError, match="not what it was made from"):
        check(changed(program, "f_weight", "scale", change), "int8-weights", 16)


@pytest.mark.parametrize("scheme", ["palette8", "palette6", "palette4"])
@pytest.mark.parametrize("parameter", ["indices", "lut"])
def test_one_index_or_entry_of_a_palette_that_is_another_is_found(
    scheme: str, parameter: str
) -> None:
    program = read_program(package(scheme, 16))
    change = off_by_one if parameter == "indices" else exchanged
    with pytest.raises(VerificationError, match="not what it was made from"):
        check(changed(program, "f_weight", parameter, change), scheme, 16)


def test_a_float_weight_must_be_the_same_to_the_last_bit() -> None:
    def next_number(data: Array) -> None:
        data[0, 0, 0, 0] = np.nextafter(data[0, 0, 0, 0], np.float16(9), dtype=np.float16)

    program = read_program(package("fp16", 15))
    with pytest.raises(VerificationError, match="not what it was made from"):
        check(changed(program, "f_weight", "val", next_number), "fp16", 15)


def test_a_missing_operator_is_named() -> None:
    program = read_program(package("fp16", 15))
    end = [op.kind for op in program.operations].index("conv_transpose")
    head = program.operations[:end]
    last = next(op.outputs[0].name for op in reversed(head) if op.kind == "conv")
    shorter = dataclasses.replace(program, operations=head, results=(last,))
    with pytest.raises(VerificationError, match="operators") as caught:
        check(shorter, "fp16", 15)
    assert "f_" in caught.value.why


def test_a_channel_of_tiny_weights_may_lose_what_float16_cannot_hold() -> None:
    """Steps below 6e-5 are rounded to multiples of 6e-8, which is no fault."""
    weight = np.tile(np.linspace(-2.663e-4, 2.663e-4, 1001).astype(np.float16), (64, 1))
    step = np.float16(np.abs(weight).max() / 127)  # 35.2 times 6e-8, of which 35 times are left
    integers = np.clip(np.rint(weight / step), -127, 127)
    stored = (integers * step).astype(np.float16)
    assert np.abs(stored - weight).max() > step / 2 + step / 16
    assert _allowed(stored, weight, 0, SCHEMES["int8-weights"])
    assert not _allowed(2 * stored, weight, 0, SCHEMES["int8-weights"])
