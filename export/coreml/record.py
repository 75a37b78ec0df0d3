"""What the manifest says about one package."""

from __future__ import annotations

from _edgeship.export.contract.manifest import AXES, Artifact, Port
from _edgeship.export.coreml.evaluator.mil.program import Feature
from _edgeship.export.coreml.format.package import Package, digest, size
from _edgeship.export.coreml.inspection import Inspection
from _edgeship.export.verification.parity import Parity


def artifact_record(
    package: Package,
    found: Inspection,
    name: str,
    scheme: str,
    ios: int,
    parity: Parity,
    rounded_db: float | None,
) -> Artifact:
    """Return the manifest's entry for a package.

    Args:
        package: Its files.
        found: What was read back from them.
        name: Of the folder.
        scheme: Its name.
        ios: The oldest iOS that it is for.
        parity: How its outputs compare with the network's.
        rounded_db: The yardstick that it was judged by, in dB, if there was one.
    """
    return Artifact(
        file=name,
        target="coreml",
        scheme=scheme,
        weights=found.weight_kind,
        compute=computes_in(found),
        ios=ios,
        size=size(package),
        sha256=digest(package),
        inputs=[_port(feature) for feature in found.inputs],
        outputs=[_port(feature) for feature in found.outputs],
        operators={kind.kind: kind.count for kind in found.operators},
        parity=parity.to_dict(),
        rounded_weights_sqnr_db=rounded_db,
    )


def computes_in(found: Inspection) -> str:
    """Return the type of the arithmetic of a package, for people."""
    return f"int8 and {found.compute_kind}" if found.quantize else found.compute_kind


def _port(feature: Feature) -> Port:
    layout = AXES.get(len(feature.shape), "") if feature.image is None else feature.image.color
    return Port(name=feature.name, shape=list(feature.shape), layout=layout, dtype=feature.dtype)
