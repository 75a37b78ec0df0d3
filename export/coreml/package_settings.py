"""How the packages of one export are to be written."""

from __future__ import annotations

from dataclasses import dataclass

from _edgeship.errors import InputError
from _edgeship.export.contract.port_words import shapes_of_outputs
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
        batches: The sizes of batches that they are to take; empty for the network's own alone.
    """

    ios: int
    ports: Ports
    description: Description
    batches: tuple[int, ...] = ()


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
    ports = Ports(preprocess if pictures else None, *_classes(job))
    previewed = pictures and bool(ports.labels)
    return PackageSettings(
        ios=request.ios or oldest_ios([scheme.name for scheme in job.schemes]),
        ports=ports,
        description=describe(
            job.network, job.model, preprocess, job.onnx_sha256, job.about, previewed
        ),
        batches=_batches(job),
    )


def _batches(job: Job) -> tuple[int, ...]:
    """Return the sizes of batches that packages are to take.

    Raises:
        InputError: The network has several inputs, or is for batches of another size than 1.
    """
    shapes = job.network.shapes
    if job.request.batches and (len(shapes) != 1 or shapes[0][:1] != (1,)):
        raise InputError(
            "--batch needs a network with one input, of a batch of 1.",
            why=f"its inputs are {', '.join(map(str, shapes))}",
            todo="leave --batch out",
        )
    return job.request.batches


def _classes(job: Job) -> tuple[tuple[str, ...], str]:
    """Return the classes that packages are to name, and the output with their scores.

    None where nobody asked: a package that names classes has other outputs than the network. Core
    ML knows one set of classes, of one picture.
    """
    shapes = shapes_of_outputs(job.graph)
    plain = {name: one for name, one in job.labels.items() if shapes[name] == (1, len(one))}
    if not job.request.labels or len(job.labels) != 1 or not plain:
        return (), ""
    [(output, labels)] = plain.items()
    return labels, output
