"""How the packages of one export are to be written."""

from __future__ import annotations

from dataclasses import dataclass

from _edgeship.errors import InputError
from _edgeship.export.contract.target import Job
from _edgeship.export.coreml.description import Description, describe
from _edgeship.export.coreml.ports import Ports
from _edgeship.export.coreml.schemes import oldest_ios


@dataclass(frozen=True)
class PackageSettings:
    """How packages are to be written.

    Attributes:
        ios: The oldest iOS that they are to run on.
        ports: What an application gives and gets.
        description: What Xcode shows about them.
    """

    ios: int
    ports: Ports
    description: Description


def settings_of(job: Job) -> PackageSettings:
    """Return the settings of an export.

    Raises:
        InputError: The packages are to take pictures, and the network does not.
    """
    request, preprocess = job.request, job.preprocess
    pictures = request.io == "image"
    if pictures and preprocess is None:
        raise InputError(
            "--io image needs a network that takes pictures.",
            why=f"its inputs are {', '.join(map(str, job.network.shapes))}",
            todo="leave --io image out",
        )
    return PackageSettings(
        ios=request.ios or oldest_ios([scheme.name for scheme in job.schemes]),
        ports=Ports(preprocess if pictures else None, request.labels),
        description=describe(job.network, job.model, preprocess, job.onnx_sha256, job.about),
    )
