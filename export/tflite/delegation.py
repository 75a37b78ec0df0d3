"""What delegates take of a .tflite file: asked of them where that can be, by rules elsewhere."""

from __future__ import annotations

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.delegates.operation import Operation
from _edgeship.export.delegates.report import DelegateReport
from _edgeship.export.delegates.xnnpack import xnnpack_report
from _edgeship.export.runtimes.tflite_apart import SessionApart
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.tflite.gpu_by_rules import gpu_by_rules
from _edgeship.export.tflite.gpu_run import run_on_gpu
from _edgeship.export.tflite.operations import operations
from _edgeship.export.tflite.reading import parsed
from _edgeship.export.tflite.writer import from_bytes


def of_xnnpack(session: TFLiteSession | SessionApart, data: bytes) -> DelegateReport:
    """Return what XNNPACK takes of a file that LiteRT has opened.

    Args:
        session: The file as LiteRT opened it.
        data: The same file.
    """
    names = {index: str(one["name"]) for index, one in session.tensors().items()}
    return xnnpack_report(session.nodes(), names, lambda: _operations(data))


def _operations(data: bytes) -> list[Operation]:
    """Return the operators of a file that need not be trustworthy.

    Raises:
        InputError: It is damaged.
    """
    with parsed():
        return operations(from_bytes(data))


def of_gpu(data: bytes, io: FileIO) -> tuple[DelegateReport, str]:
    """Return what the GPU accelerator takes of a file, and why it could not be asked, or "".

    It is asked where there is a driver for it; elsewhere, rules are.

    Args:
        data: The whole file.
        io: Its inputs and outputs.

    Raises:
        InputError: The file is damaged.
    """
    try:
        with parsed():
            report = run_on_gpu(data, [], io).delegate
    except (InputError, VerificationError) as error:
        return _by_rules(data), " ".join(f"{error.what} {error.why}".split())
    return (_by_rules(data) if report is None else report), ""


def _by_rules(data: bytes) -> DelegateReport:
    with parsed():
        return gpu_by_rules(data)
