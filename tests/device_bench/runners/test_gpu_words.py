from __future__ import annotations

from _edgeship.device_bench.runners.base import Accelerated
from _edgeship.device_bench.runners.gpu_words import accelerated, refusal
from tests.export.delegates.test_gpu_log import ADAPTER, PARTLY, PIECE


def test_the_driver_and_what_kind_it_is() -> None:
    assert accelerated(ADAPTER + PIECE) == Accelerated("SwiftShader Device (Subzero)", True, 0)
    real = ADAPTER.replace("CPU / Software", "IntegratedGPU")
    assert accelerated(real).software is False


def test_without_a_driver_nobody_knows_its_kind() -> None:
    assert accelerated("INFO: nothing\n") == Accelerated("", None, 0)


def test_control_characters_of_a_driver_are_not_shown() -> None:
    assert accelerated(ADAPTER.replace("Swift", "\x1b[2J")).driver.startswith("?[2J")


def test_a_refusal_says_how_many_fall_back_and_why() -> None:
    error = refusal(ADAPTER + PARTLY + PIECE, "gpu", "somewhere")
    assert error is not None
    assert "72 operators would fall back" in error.what
    assert error.why == (
        "It takes 298 and refuses others: DEQUANTIZE; "
        "RESHAPE (Tensor dimensions must be less than 5. x)"
    )
    assert "verify FILE --runtime gpu" in error.todo


def test_one_reason_for_each_kind_and_no_more_than_four_kinds() -> None:
    names = ["A", "A", "B", "C", "D", "E"]
    lines = "".join(f"{name}: reason {index}\n" for index, name in enumerate(names))
    log = f"Following operations are not supported by GPU delegate:\n{lines}"
    error = refusal(log, "gpu", "")
    assert error is not None
    assert "Some operators" in error.what
    assert error.why == (
        "It refuses: A (reason 0); B (reason 2); C (reason 3); D (reason 4); and 1 more kinds"
    )


def test_a_log_without_refusals_is_no_refusal() -> None:
    assert refusal(ADAPTER + PIECE, "gpu", "") is None
