"""The networks that the papers compare theirs with, as rows of the catalog. No torch here."""

from __future__ import annotations

from dataclasses import replace

from models.spec import ModelSpec


def baselines() -> tuple[ModelSpec, ...]:
    """Return the rows of all of them."""
    mobilenet_v1 = _mobilenet(1, 1.0, (569e6, 4.2e6, 29.4, 247, 6.5))
    mobilenet_v2 = _mobilenet(2, 1.0, (300e6, 3.47e6, 28.0, 180, 8.9))
    return (
        # MobileNet V1
        replace(mobilenet_v1, name="mobilenet_v1", alias_of=mobilenet_v1.name),
        _mobilenet(1, 0.25, (41e6, 0.5e6, 49.4, 502, 36.4)),
        _mobilenet(1, 0.5, (149e6, 1.3e6, 36.3, 382, 16.5)),
        _mobilenet(1, 0.75, (325e6, 2.6e6, 31.6, 314, 10.6)),
        mobilenet_v1,
        # MobileNet V2
        replace(mobilenet_v2, name="mobilenet_v2", alias_of=mobilenet_v2.name),
        _mobilenet(2, 0.4, (43e6, None, 43.4, 333, 33.2), size=160),
        _mobilenet(2, 0.5, (97e6, 1.95e6, 34.6, None, None)),
        _mobilenet(2, 0.6, (141e6, None, 33.3, 249, 14.9)),
        _mobilenet(2, 0.75, (145e6, 2.61e6, 32.1, 235, 15.9), size=192),
        mobilenet_v2,
        _mobilenet(2, 1.4, (585e6, 6.06e6, 25.3, 137, 5.4)),
        # ResNet: the paper's figures; error from Table 6 of the ShuffleNet V2 paper
        ModelSpec(
            name="resnet_50",
            family="ResNet",
            paper="ResNet (arXiv 1512.03385)",
            year=2015,
            factory="models.resnet:ResNet50",
            arguments={"stride_at": "3x3"},
            mult_adds=3.8e9,
            params=25.6e6,
            top1_error=24.0,
        ),
        ModelSpec(
            name="se_resnet_50",
            family="SENet",
            paper="SENet (arXiv 1709.01507)",
            year=2017,
            factory="models.resnet:ResNet50",
            arguments={"stride_at": "1x1", "excited": True},
            mult_adds=3.87e9,
            params=28.1e6,
            top1_error=23.29,
        ),
        # SENet-154: Table 6 of the ShuffleNet V2 paper
        ModelSpec(
            name="senet_154",
            family="SENet",
            paper="SENet (arXiv 1709.01507)",
            year=2017,
            factory="models.senet:SENet154",
            arguments={},
            mult_adds=20.7e9,
            params=115.1e6,
            top1_error=18.68,
        ),
        # RepVGG: the paper's figures are those of the deployed form
        _repvgg("repvgg_a0", None, None, deployed=False),
        _repvgg("repvgg_a0_deployed", 1.4e9, 8.30e6, deployed=True),
        # Xception-like
        _compared("xception", 0.5, 40e6, 44.9, 384, 52.9),
        _compared("xception", 1.0, 145e6, 34.1, 278, 19.5),
        _compared("xception", 1.5, 305e6, 29.4, 219, 10.5),
        _compared("xception", 2.0, 525e6, 27.6, 174, 6.7),
        # DenseNet-like
        _compared("densenet", 0.5, 42e6, 58.6, 366, 39.7),
        _compared("densenet", 1.0, 142e6, 45.2, 279, 15.8),
        _compared("densenet", 1.5, 295e6, 39.9, 274, 9.7),
        _compared("densenet", 2.0, 519e6, 34.6, 197, 6.1),
    )


def _mobilenet(
    version: int,
    width: float,
    published: tuple[float, float | None, float, float | None, float | None],
    size: int = 224,
) -> ModelSpec:
    """Return one row: mult-adds, parameters, error and, if any, speeds on GPU and ARM.

    All but the parameters come from Table 8 of the ShuffleNet V2 paper, whose inputs have `size`.
    The parameters are those that the authors of MobileNet publish, and for V2 at 0.5 all figures.
    """
    mult_adds, params, top1_error, gpu, arm = published
    number = {1: "1704.04861", 2: "1801.04381"}[version]
    return ModelSpec(
        name=f"mobilenet_v{version}_x{width}".replace(".", "_"),
        family=f"MobileNet V{version}",
        paper=f"MobileNet V{version} (arXiv {number})",
        year=2016 + version,
        factory=f"models.mobilenet_v{version}:MobileNetV{version}",
        arguments={"width": width},
        input_size=(3, size, size),
        mult_adds=mult_adds,
        params=params,
        top1_error=top1_error,
        published_speed=_speed(gpu, arm),
    )


def _repvgg(
    name: str, mult_adds: float | None, params: float | None, *, deployed: bool
) -> ModelSpec:
    """Return one row, with the figures of Table 4 of the paper."""
    return ModelSpec(
        name=name,
        family="RepVGG",
        paper="RepVGG (arXiv 2101.03697)",
        year=2021,
        factory="models.repvgg:RepVGGA0",
        arguments={"deployed": deployed},
        mult_adds=mult_adds,
        params=params,
        top1_error=27.59,
    )


def _compared(
    network: str, width: float, mult_adds: float, top1_error: float, gpu: float, arm: float
) -> ModelSpec:
    """Return one row of the networks that only Table 8 of the ShuffleNet V2 paper has."""
    original = {"xception": "Xception", "densenet": "DenseNet"}[network]
    return ModelSpec(
        name=f"{network}_like_x{width}".replace(".", "_"),
        family=f"{original}-like",
        paper="ShuffleNet V2 (arXiv 1807.11164)",
        year=2018,
        factory=f"models.{network}:{original}Like",
        arguments={"width": width},
        mult_adds=mult_adds,
        top1_error=top1_error,
        published_speed=_speed(gpu, arm),
    )


def _speed(gpu: float | None, arm: float | None) -> dict[str, float]:
    """Return what was measured of two speeds, for `ModelSpec.published_speed`."""
    return {key: value for key, value in (("gpu", gpu), ("arm", arm)) if value is not None}
