"""The networks that classify videos, as rows of the catalog. No torch here.

They are the 3-D ShuffleNets of Köpüklü et al. (arXiv 1904.02422), for the 600 classes of
Kinetics-600, on which that paper trains them.
"""

from __future__ import annotations

from typing import Any

from _edgeship.models.catalog.shufflenet import V2_GUIDELINES, v1_guidelines
from _edgeship.models.catalog.spec import ModelSpec

WIDTHS = (0.25, 0.5, 1.0, 1.5, 2.0)
GROUPS = (1, 2, 3, 4, 8)

_NOTE = (
    "The paper's figures are not in the catalog. Its authors' counting script divides the output "
    "of a strided convolution by the stride once more and adds batch norms and activations: its "
    "FLOPs are not mult-adds."
)


def video() -> tuple[ModelSpec, ...]:
    """Return the rows of all of them; their input is channels, frames, height and width."""
    return (
        *(_row(1, f"g{groups}", width, groups=groups) for groups in GROUPS for width in WIDTHS),
        *(_row(2, "", width) for width in WIDTHS),
    )


def _row(version: int, variant: str, width: float, **arguments: Any) -> ModelSpec:
    """Return one row of ShuffleNet V1 or V2."""
    parts = (f"shufflenet_v{version}_3d", variant, f"x{width}".replace(".", "_"))
    return ModelSpec(
        name="_".join(part for part in parts if part),
        family=f"ShuffleNet V{version} 3-D",
        paper="Resource Efficient 3D CNNs (arXiv 1904.02422)",
        year=2019,
        factory=f"_edgeship.models.networks.shufflenet_v{version}:ShuffleNetV{version}",
        arguments={**arguments, "width": width, "num_classes": 600, "dims": 3},
        input_size=(3, 16, 112, 112),
        # Of Kinetics-400, as torchvision normalizes for its video networks.
        mean=(0.43216, 0.394666, 0.37645),
        std=(0.22803, 0.22145, 0.216989),
        note=_NOTE,
        guidelines=v1_guidelines(arguments["groups"]) if version == 1 else V2_GUIDELINES,
    )
