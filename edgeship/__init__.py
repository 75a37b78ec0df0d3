"""Turn a network into the files that phones run, and prove that they compute the same.

``edgeship.export`` takes a live ``torch.nn.Module``, the name of a network, or a file;
``edgeship.verify`` runs a written file again, and ``edgeship.inspect`` says what one holds. The
functions return values and raise `EdgeshipError`; they never print what they return, and never end
the process.
"""

from _edgeship.errors import (
    DeviceError,
    EdgeshipError,
    InputError,
    UnsupportedError,
    VerificationError,
)
from _edgeship.export.checks.results import OutputRange, RuntimeResult
from _edgeship.export.verification.parity import Parity
from edgeship.api import export, inspect, verify
from edgeship.results import (
    ExportedFile,
    Inspection,
    Result,
    Stage,
    Verification,
)

__all__ = [
    "DeviceError",
    "EdgeshipError",
    "ExportedFile",
    "InputError",
    "Inspection",
    "OutputRange",
    "Parity",
    "Result",
    "RuntimeResult",
    "Stage",
    "UnsupportedError",
    "Verification",
    "VerificationError",
    "export",
    "inspect",
    "verify",
]
