from __future__ import annotations

from _edgeship.export.delegates.gpu_log import read_log

ADAPTER = (
    "I0000 00:00:1 2 environment.cc:532] Selected adapter: SwiftShader Device (Subzero), "
    "arch=swiftshader, vendor=google, backend=Vulkan, adapterType=CPU / Software\n"
)
PARTLY = (
    "ERROR: Following operations are not supported by GPU delegate:\n"
    "DEQUANTIZE: \n"
    "RESHAPE: Tensor dimensions must be less than 5. x\n"
    "298 operations will run on the GPU, and the remaining 72 operations will run on the CPU.\n"
)
PIECE = "I0000 00:00:1 2 delegate_kernel.cc:984] Initializing WebGPU-based API from graph.\n"


def test_a_file_that_is_taken_whole() -> None:
    log = read_log(ADAPTER + PIECE)
    assert (log.device, log.software) == ("SwiftShader Device (Subzero)", True)
    assert (log.refusals, log.taken, log.partitions) == ((), None, 1)


def test_a_file_that_is_taken_in_part() -> None:
    log = read_log(ADAPTER + PARTLY + PIECE)
    reason = "Tensor dimensions must be less than 5. x"
    assert log.refusals == (("DEQUANTIZE", ""), ("RESHAPE", reason))
    assert (log.taken, log.partitions) == (298, 1)


def test_what_follows_the_refusals_is_none() -> None:
    assert len(read_log(PARTLY + "TRANSPOSE: not in the list\n").refusals) == 2


def test_a_real_driver_is_no_software() -> None:
    line = ADAPTER.replace("CPU / Software", "DiscreteGPU").replace("SwiftShader Device", "Real")
    assert not read_log(line).software


def test_a_log_without_a_driver() -> None:
    assert read_log("INFO: nothing\n").device == ""
