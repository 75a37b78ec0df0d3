"""The other networks that the papers compare theirs with, as rows of the catalog. No torch here."""

from __future__ import annotations

from _edgeship.models.catalog.spec import ModelSpec, printed, speeds

_SENET = "SENet (arXiv 1709.01507)"

_NARROWS = (
    "G1: against it. The 1x1 convolutions of a unit narrow the channels to a quarter and widen "
    "them again."
)
_ADDS = "G4: against it. Every unit adds its shortcut and ends in a ReLU on all channels."
_EXCITES = f"{_ADDS} Squeeze-excite multiplies them too."

_COMPARED_GUIDELINES = {
    "Xception": (_NARROWS, _ADDS),
    "DenseNet": (
        "G1: a layer's 1x1 convolution reads all channels so far and gives a fixed number, so that "
        "few of them have equal widths.",
        "G4: batch norm and ReLU come first in a layer, on all channels so far.",
    ),
}


def baselines() -> tuple[ModelSpec, ...]:
    """Return the rows of all of them."""
    return (
        # The ResNet paper's figures; error from Table 6 of the ShuffleNet V2 paper.
        ModelSpec(
            name="resnet_50",
            family="ResNet",
            paper="ResNet (arXiv 1512.03385)",
            year=2015,
            factory="_edgeship.models.networks.resnet:ResNet50",
            arguments={"stride_at": "3x3"},
            **printed("3.8 G", "25.6 M"),
            top1_error=24.0,
            note="This is torchvision's network, whose units have their stride at the 3x3 "
            'convolution. With the paper\'s place, `stride_at="1x1"`, the count is 3.86 G, which '
            "the SENet paper prints for the same network.",
            guidelines=(_NARROWS, _ADDS),
        ),
        ModelSpec(
            name="se_resnet_50",
            family="SENet",
            paper=_SENET,
            year=2017,
            factory="_edgeship.models.networks.resnet:ResNet50",
            arguments={"stride_at": "1x1", "excited": True},
            **printed("3.87 G", "28.1 M"),
            top1_error=23.29,
            guidelines=(_NARROWS, _EXCITES),
        ),
        # Table 6 of the ShuffleNet V2 paper; parameters of the authors' checkpoint.
        ModelSpec(
            name="senet_154",
            family="SENet",
            paper=_SENET,
            year=2017,
            factory="_edgeship.models.networks.senet:SENet154",
            arguments={},
            **printed("20.7 G", "115.1 M"),
            top1_error=18.68,
            guidelines=(
                "G1: behind its first unit, a stage's 1x1 convolutions narrow the channels to half "
                "or keep them.",
                "G2: against it. The 3x3 convolutions have 64 groups.",
                _EXCITES,
            ),
        ),
        # The paper's figures are those of the deployed form.
        _repvgg("repvgg_a0", deployed=False),
        _repvgg("repvgg_a0_deployed", "1.4 G", "8.30 M", deployed=True),
        # Table 8 of the ShuffleNet V2 paper.
        _compared("Xception", 0.5, "40 M", 44.9, 384, 52.9),
        _compared("Xception", 1.0, "145 M", 34.1, 278, 19.5),
        _compared("Xception", 1.5, "305 M", 29.4, 219, 10.5),
        _compared("Xception", 2.0, "525 M", 27.6, 174, 6.7),
        _compared("DenseNet", 0.5, "42 M", 58.6, 366, 39.7),
        _compared("DenseNet", 1.0, "142 M", 45.2, 279, 15.8),
        _compared("DenseNet", 1.5, "295 M", 39.9, 274, 9.7),
        _compared("DenseNet", 2.0, "519 M", 34.6, 197, 6.1),
    )


def _repvgg(
    name: str, mult_adds: str | None = None, params: str | None = None, *, deployed: bool
) -> ModelSpec:
    """Return one row, with the figures of Table 4 of the paper."""
    return ModelSpec(
        name=name,
        family="RepVGG",
        paper="RepVGG (arXiv 2101.03697)",
        year=2021,
        factory="_edgeship.models.networks.repvgg:RepVGGA0",
        arguments={"deployed": deployed},
        **printed(mult_adds, params),
        top1_error=27.59,
        guidelines=(
            ("G3: a chain of 3x3 convolutions without branches.", "G4: nothing is added.")
            if deployed
            else (
                "G3: against it until it is deployed. A block has two or three branches.",
                "G4: against it until it is deployed. Every block adds its branches.",
            )
        ),
    )


def _compared(
    original: str, width: float, mult_adds: str, top1_error: float, gpu: float, arm: float
) -> ModelSpec:
    """Return the row of a network that only Table 8 of the ShuffleNet V2 paper has."""
    module = original.lower()
    return ModelSpec(
        name=f"{module}_like_x{width}".replace(".", "_"),
        family=f"{original}-like",
        paper="ShuffleNet V2 (arXiv 1807.11164)",
        year=2018,
        factory=f"_edgeship.models.networks.{module}:{original}Like",
        arguments={"width": width},
        **printed(mult_adds),
        top1_error=top1_error,
        published_speed=speeds(gpu, arm),
        guidelines=_COMPARED_GUIDELINES[original],
    )
