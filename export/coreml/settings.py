"""How the packages of one export are to be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from _edgeship.errors import InputError
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.contract.schemes import oldest_ios
from _edgeship.export.coreml.description import Description, describe
from _edgeship.export.coreml.ports import Ports
from _edgeship.export.network.source import Network

if TYPE_CHECKING:
    from _edgeship.export.pipeline import Request


@dataclass(frozen=True)
class Settings:
    """How packages are to be written.

    Attributes:
        ios: The oldest iOS that they are to run on.
        ports: What an application gives and gets.
        description: What Xcode shows about them.
    """

    ios: int
    ports: Ports
    description: Description


def settings_of(
    request: Request,
    network: Network,
    counted: Mapping[str, Any],
    preprocess: Preprocess | None,
    onnx_sha256: str,
) -> Settings:
    """Return the settings of an export.

    Args:
        request: What the user asked for.
        network: What is exported.
        counted: Its mult_adds and params.
        preprocess: What an input image goes through; None for networks on other inputs.
        onnx_sha256: Digest of the graph that is lowered.

    Raises:
        InputError: The packages are to take pictures, and the network does not.
    """
    if request.io == "image" and preprocess is None:
        raise InputError(
            "--io image needs a network that takes pictures.",
            why=f"its inputs are {', '.join(map(str, network.shapes))}",
            todo="leave --io image out",
        )
    return Settings(
        ios=request.ios or oldest_ios(request.schemes_for("coreml")),
        ports=Ports(preprocess if request.io == "image" else None, request.labels),
        description=describe(
            network, counted, preprocess, onnx_sha256, request.author, request.license
        ),
    )
