"""The table of public ImageNet weights that load into our networks. It is data: no torch here.

A checkpoint is listed if its tensors fit and its network computes what ours does: padding, strides
and activations included. Not listed, though public:

- MobileNet V1: the authors' file and timm's belong to networks with ReLU6; ours has the ReLU of
  the paper.
- MobileNet V2 at 0.75: measured at 224x224, while our row has the 192x192 of its paper.
- ReXNet 3.0, ReXNet-lite and ShuffleNet V1: there are files, but no known digests of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from _edgeship.errors import InputError
from _edgeship.models.catalog.registry import spec


@dataclass(frozen=True)
class Published:
    """One checkpoint, as its publisher offers it.

    Attributes:
        url: Where it is; always HTTPS.
        file: Its name in the cache, with a suffix that `models.weights.checkpoints` reads.
        sha256: Its digest in hexadecimal: all 64 digits where a source that has the file states
            them, else those that the publisher puts into the file's name. A prefix is enough to
            notice damage and mix-ups; against forgery there is HTTPS, and nothing but tensors is
            ever read from the file.
        size: Bytes of the file, if known.
        publisher: Who measured the accuracy.
        licence: SPDX identifier that the publisher gives.
        top1: ImageNet top-1 accuracy in percent, single crop, as the publisher measured it.
        crop: Fraction of the resized shorter side that the publisher's centre crop keeps.
        interpolation: How the publisher resizes. `export.calibration.preprocess` always resizes
            bilinearly, so the accuracy of "bicubic" rows can come out slightly different.
    """

    url: str
    file: str
    sha256: str
    size: int | None
    publisher: str
    licence: str
    top1: float
    crop: float = 0.875
    interpolation: str = "bilinear"


def published(name: str) -> Published:
    """Return the public ImageNet weights of a model.

    Args:
        name: A name of the catalog; a second name has the weights of the first.

    Raises:
        InputError: There is no such model, or there are no such weights; the message says which
            models have some.
    """
    entry = spec(name)
    found = PUBLISHED.get(entry.alias_of or name)
    if found is None:
        raise InputError(
            f"{name} has no published ImageNet weights that fit it.",
            todo=f"Give a checkpoint with --weights FILE, or use {', '.join(PUBLISHED)}.",
        )
    return found


def _torchvision(
    file: str, sha256: str, top1: float, size: int | None = None, crop: float = 0.875
) -> Published:
    """Return a row with what torchvision 0.28 says of its weights."""
    return Published(
        url=f"https://download.pytorch.org/models/{file}",
        file=file,
        sha256=sha256,
        size=size,
        publisher="torchvision",
        licence="BSD-3-Clause",
        top1=top1,
        crop=crop,
    )


def _timm(
    release: str, file: str, top1: float, size: int | None = None, licence: str = "Apache-2.0"
) -> Published:
    """Return a row with what timm says; its files are named by eight digits of their SHA-256."""
    return Published(
        url=f"https://github.com/rwightman/pytorch-image-models/releases/download/{release}/{file}",
        file=file,
        sha256=file.removesuffix(".pth").rpartition("-")[2],
        size=size,
        publisher="timm",
        licence=licence,
        top1=top1,
        interpolation="bicubic",
    )


def _drive(
    drive_id: str, file: str, sha256: str, size: int, top1: float, interpolation: str = "bilinear"
) -> Published:
    """Return a row of authors who use Google Drive; digest and size are Open Model Zoo's."""
    return Published(
        url=f"https://drive.google.com/uc?export=download&id={drive_id}",
        file=file,
        sha256=sha256,
        size=size,
        publisher="the authors",
        licence="MIT",
        top1=top1,
        interpolation=interpolation,
    )


# torchvision's newer recipes are evaluated on images of 232 pixels.
_CROP_232 = 224 / 232

#: By name of the catalog. Where torchvision has two, the first (IMAGENET1K_V1) is taken: trained
#: by the papers' recipe, it is near their accuracy, and its preprocessing is that of our specs.
PUBLISHED: dict[str, Published] = {
    "shufflenet_v2_x0_5": _torchvision("shufflenetv2_x0.5-f707e7126e.pth", "f707e7126e", 60.552),
    "shufflenet_v2_x1_0": _torchvision(
        "shufflenetv2_x1-5666bf0f80.pth",
        "5666bf0f80d1e7f8fb61f6a65742b9c27c37f3208c1f087cdcd7c1ec1aa8b848",
        69.362,
        size=9_218_294,
    ),
    "shufflenet_v2_x1_5": _torchvision(
        "shufflenetv2_x1_5-3c479a10.pth", "3c479a10", 72.996, crop=_CROP_232
    ),
    "shufflenet_v2_x2_0": _torchvision(
        "shufflenetv2_x2_0-8be3c8ee.pth", "8be3c8ee", 76.230, crop=_CROP_232
    ),
    "mobilenet_v2_x0_5": _timm("v0.1-weights", "mobilenetv2_050-3d30d450.pth", 65.95),
    "mobilenet_v2_x1_0": _torchvision(
        "mobilenet_v2-b0353104.pth",
        "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
        71.878,
        size=14_212_972,
    ),
    "mobilenet_v2_x1_4": _timm(
        "v0.1-weights", "mobilenetv2_140_ra-21a4e913.pth", 76.51, size=24_673_555
    ),
    "resnet_50": _torchvision(
        "resnet50-0676ba61.pth",
        "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
        76.130,
        size=102_530_333,
    ),
    # Converted from the authors' Caffe files; timm has measured them.
    "se_resnet_50": _timm(
        "v0.1-cadene", "se_resnet50-ce0d4300.pth", 77.64, 112_611_220, "BSD-3-Clause"
    ),
    "senet_154": _timm(
        "v0.1-weights", "legacy_senet154-e9eb9fe6.pth", 81.33, licence="BSD-3-Clause"
    ),
    "rexnet_x1_0": _drive(
        "1xeIJ3wb83uOowU008ykYj6wDX2dsncA9",
        "rexnetv1_1.0x.pth",
        "30b1700f2cda11f6d07eb1c414bab30879b8eb0d8c6571254fc3e65bf911ee46",
        size=19_428_695,
        top1=77.9,
        interpolation="bicubic",
    ),
    # The authors' weights with timm's names for the tensors; timm has measured them.
    "rexnet_x1_3": _timm("v0.1-rexnet", "rexnetv1_130-590d768e.pth", 79.49, 30_508_197, "MIT"),
    "rexnet_x1_5": _timm("v0.1-rexnet", "rexnetv1_150-bd1a6aa8.pth", 80.31, 39_227_315, "MIT"),
    "rexnet_x2_0": _timm("v0.1-rexnet", "rexnetv1_200-8c0b7f2d.pth", 81.63, 65_862_221, "MIT"),
    "repvgg_a0": _drive(
        "13Gn8rq1PztoMEgK7rCOPMUYHjGzk-w11",
        "RepVGG-A0-train.pth",
        "e538bfe8639d53a8cbeb4b580aac3dad8ecc304d71eddcb169f660a24fa80bb7",
        size=36_588_855,
        top1=72.41,
    ),
}


def imagenet_classes() -> tuple[str, ...]:
    """Return the names of the 1000 classes of ImageNet-1k, in the order of all weights' scores.

    They are torchvision's (BSD-3-Clause), which make the two cranes and the two maillots differ.
    """
    text = (Path(__file__).parent / "imagenet_classes.txt").read_text("utf-8")
    return tuple(text.splitlines())
