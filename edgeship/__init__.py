"""Turn a network into the files that phones run, and prove that they compute the same.

``edgeship.export`` takes a live ``torch.nn.Module``, the name of a network, or a file;
``edgeship.verify`` runs a written file again, and ``edgeship.inspect`` says what one holds;
``edgeship.evaluate`` and ``edgeship.diff`` compare several, and ``edgeship.bundle`` makes of them
what an app team needs. The functions return values and raise `EdgeshipError`; they never print what
they return, and never end the process.
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
from edgeship.bundling import bundle, verify_bundle
from edgeship.checking import inspect, verify
from edgeship.comparing import diff, evaluate
from edgeship.exporting import export
from edgeship.results import (
    Bundle,
    ExportedFile,
    Inspection,
    Result,
    Stage,
    Verification,
)

__all__ = [
    "Bundle",
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
    "bundle",
    "diff",
    "evaluate",
    "export",
    "inspect",
    "verify",
    "verify_bundle",
]
