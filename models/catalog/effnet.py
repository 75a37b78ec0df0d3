"""EffNet as rows of the catalog. It is data: no torch here."""

from __future__ import annotations

from typing import Any

from _edgeship.models.catalog.spec import ModelSpec


def effnets() -> tuple[ModelSpec, ...]:
    """Return the rows of both sizes."""
    return (
        _effnet("effnet", note="The paper's figures could not be checked, so none is given."),
        _effnet(
            "effnet_large",
            note="Its layers are not published in a form that could be checked; see "
            "`models/networks/effnet.py`.",
            width=2,
            repeats=(1, 2, 2),
        ),
    )


def _effnet(name: str, note: str, **arguments: Any) -> ModelSpec:
    """Return one row for CIFAR-10, with the data set's own mean and deviation."""
    return ModelSpec(
        name=name,
        family="EffNet",
        paper="EffNet (arXiv 1801.06434)",
        year=2018,
        factory="_edgeship.models.networks.effnet:EffNet",
        arguments=arguments,
        input_size=(3, 32, 32),
        mean=(0.4914, 0.4822, 0.4465),
        std=(0.2470, 0.2435, 0.2616),
        crop=1.0,
        note=note,
        guidelines=(
            "G1: behind the first, the 1x1 convolutions keep their channels; the convolutions that "
            "halve the width double them.",
            "G3: a chain without branches.",
            "G4: nothing is added, but an activation and a batch norm that cannot be folded into "
            "it follow every convolution.",
        ),
    )
