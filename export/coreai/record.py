"""What the manifest says about one .aimodel."""

from __future__ import annotations

from _edgeship.export.contract.manifest import AXES, Artifact, Port
from _edgeship.export.coreai.building.ports import PortSpec, ProgramIO
from _edgeship.export.coreai.format.asset import Asset
from _edgeship.export.coreai.summary import Summary
from _edgeship.export.coreml.format.package import digest, size
from _edgeship.export.verification.parity import Parity


def artifact_record(
    asset: Asset,
    found: Summary,
    io: ProgramIO,
    name: str,
    scheme: str,
    types: tuple[str, str],
    parity: Parity,
    rounded_db: float | None,
) -> Artifact:
    """Return the manifest's entry for a folder.

    Args:
        asset: Its files.
        found: What was read back from them.
        io: Its inputs and outputs.
        name: Of the folder.
        scheme: How it was made.
        types: How most weights are stored, and what the program computes in.
        parity: How its outputs compare with the network's.
        rounded_db: The yardstick that it was judged by, in dB, if there was one.
    """
    return Artifact(
        file=name,
        target="coreai",
        scheme=scheme,
        weights=types[0],
        compute=types[1],
        size=size(asset),
        sha256=digest(asset),
        inputs=[_port(port) for port in io.inputs],
        outputs=[_port(port) for port in io.outputs],
        operators=dict(found.operators),
        parity=parity.to_dict(),
        rounded_weights_sqnr_db=rounded_db,
    )


def _port(port: PortSpec) -> Port:
    layout = AXES.get(len(port.shape), "")
    return Port(name=port.name, shape=list(port.shape), layout=layout, dtype=port.dtype)
