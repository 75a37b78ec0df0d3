"""What the delegates that can be asked here take of a .tflite file; it is not run."""

from __future__ import annotations

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.delegates.report import DelegateReport
from _edgeship.export.delegates.xnnpack import xnnpack_report
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.tflite.gpu_run import run_on_gpu


def of_xnnpack(session: TFLiteSession) -> DelegateReport:
    """Return what XNNPACK takes of a file that LiteRT has opened."""
    names = {index: str(one["name"]) for index, one in session.tensors().items()}
    return xnnpack_report(session.nodes(), names)


def delegate_reports(data: bytes, io: FileIO) -> tuple[list[DelegateReport], str]:
    """Return what XNNPACK and the GPU accelerator take of a file, and why one could not be asked.

    Args:
        data: The whole file.
        io: Its inputs and outputs.

    Raises:
        VerificationError: LiteRT refuses the file.
    """
    reports = [of_xnnpack(TFLiteSession(data, io))]
    try:
        gpu = run_on_gpu(data, [], io).delegate
    except (InputError, VerificationError) as error:
        return reports, " ".join(f"{error.what} {error.why}".split())
    return [*reports, *([gpu] if gpu is not None else [])], ""
