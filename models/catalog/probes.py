"""Tables 1 to 4 of the ShuffleNet V2 paper as rows of the catalog. It is data: no torch here."""

from __future__ import annotations

import math
from collections.abc import Iterator

from _edgeship.models.catalog.spec import ModelSpec

_INPUT = (56, 56)

_MEASURES = {
    "G1": "G1: measures it. Equal mult-adds, other ratios of input to output channels.",
    "G2": "G2: measures it. Equal mult-adds, other numbers of groups.",
    "G3": "G3: measures it. Equal mult-adds, other numbers of convolutions in series or parallel.",
    "G4": "G4: measures it. Equal mult-adds, with and without ReLU and shortcut.",
}

# Factor of the channels in each of the three columns of speeds.
_SCALES = (1, 2, 4)

# Table 1: c2 / c1, then c1 and the three speeds, on the GPU and on ARM.
_TABLE_1 = (
    (1, (128, (1480, 723, 232)), (32, (76.2, 21.7, 5.3))),
    (2, (90, (1296, 586, 206)), (22, (72.9, 20.5, 5.1))),
    (6, (52, (876, 489, 189)), (13, (69.1, 17.9, 4.6))),
    (12, (36, (748, 392, 163)), (9, (57.6, 15.1, 4.4))),
)

# Table 2: groups, then channels and the three speeds, on the GPU and on ARM.
_TABLE_2 = (
    (1, (128, (2451, 1289, 437)), (64, (40.0, 10.2, 2.3))),
    (2, (180, (1725, 873, 341)), (90, (35.0, 9.5, 2.2))),
    (4, (256, (1026, 644, 338)), (128, (32.9, 8.7, 2.1))),
    (8, (360, (634, 445, 230)), (180, (27.8, 7.5, 1.8))),
)

# Table 3: fragments, arrangement, speeds on the GPU at c = 128, 256, 512 and ARM at 64, 128, 256.
_TABLE_3 = (
    (1, "series", (2446, 1274, 434), (40.2, 10.1, 2.3)),
    (2, "series", (1790, 909, 336), (38.6, 10.1, 2.2)),
    (4, "series", (752, 745, 349), (38.4, 10.1, 2.3)),
    (2, "parallel", (1537, 803, 320), (33.4, 9.1, 2.2)),
    (4, "parallel", (691, 572, 292), (35.0, 8.4, 2.1)),
)

# Table 4: ReLU, shortcut, speeds on the GPU and on ARM at c = 32, 64, 128.
_TABLE_4 = (
    (True, True, (2427, 2066, 1436), (56.7, 16.9, 5.0)),
    (True, False, (2647, 2256, 1735), (61.9, 18.8, 5.2)),
    (False, True, (2672, 2121, 1458), (57.3, 18.2, 5.1)),
    (False, False, (2842, 2376, 1782), (66.3, 20.2, 5.4)),
)


def probes() -> tuple[ModelSpec, ...]:
    """Return the rows of all four tables."""
    return (*_g1(), *_g2(), *_g3(), *_g4())


def _g1() -> Iterator[ModelSpec]:
    for ratio, *columns in _TABLE_1:
        for platform, (c1, speeds) in zip(("gpu", "arm"), columns, strict=True):
            for scale, speed in zip(_SCALES, speeds, strict=True):
                arguments = {"c1": scale * c1, "c2": scale * c1 * ratio}
                name = f"g1_{platform}_1to{ratio}{_suffix(scale)}"
                yield _probe(name, "ChannelRatioProbe", arguments, scale * c1, {platform: speed})


def _g2() -> Iterator[ModelSpec]:
    for groups, *columns in _TABLE_2:
        for platform, (unscaled, speeds) in zip(("gpu", "arm"), columns, strict=True):
            for scale, speed in zip(_SCALES, speeds, strict=True):
                # The table's 180 channels do not divide into 8 groups; 184 are nearest to the
                # 181 that keep the mult-adds.
                channels = math.ceil(scale * unscaled / groups) * groups
                arguments = {"channels": channels, "groups": groups}
                name = f"g2_{platform}_{groups}groups{_suffix(scale)}"
                yield _probe(name, "GroupProbe", arguments, channels, {platform: speed})


def _g3() -> Iterator[ModelSpec]:
    for fragments, arrangement, gpu, arm in _TABLE_3:
        for c in (64, 128, 256, 512):
            # Rounded down like Table 1, for mult-adds equal to those of one fragment.
            channels = math.isqrt(c * c // fragments)
            arguments = {"channels": channels, "fragments": fragments}
            factory = "SeriesProbe" if arrangement == "series" else "ParallelProbe"
            kind = "fragment" if fragments == 1 else f"fragments_{arrangement}"
            speeds: dict[str, dict[int, float]] = {
                "gpu": dict(zip((128, 256, 512), gpu, strict=True))
            }
            speeds["arm"] = dict(zip((64, 128, 256), arm, strict=True))
            yield _probe(
                f"g3_{fragments}_{kind}_c{c}",
                factory,
                arguments,
                channels,
                {key: column[c] for key, column in speeds.items() if c in column},
            )


def _g4() -> Iterator[ModelSpec]:
    for relu, shortcut, gpu, arm in _TABLE_4:
        for c, gpu_speed, arm_speed in zip((32, 64, 128), gpu, arm, strict=True):
            parts = [word for word, there in (("relu", relu), ("shortcut", shortcut)) if there]
            arguments = {"channels": c, "relu": relu, "shortcut": shortcut}
            yield _probe(
                f"g4_{'_'.join(parts) or 'plain'}_c{c}",
                "ElementwiseProbe",
                arguments,
                c,
                {"gpu": gpu_speed, "arm": arm_speed},
            )


def _suffix(scale: int) -> str:
    return "" if scale == 1 else f"_x{scale}"


def _probe(
    name: str,
    factory: str,
    arguments: dict[str, int],
    in_channels: int,
    published_speed: dict[str, float],
) -> ModelSpec:
    guideline = name.partition("_")[0].upper()
    return ModelSpec(
        name=f"probe_{name}",
        family=f"{guideline} probe",
        paper="ShuffleNet V2 (arXiv 1807.11164)",
        year=2018,
        factory=f"_edgeship.models.networks.probes:{factory}",
        arguments=arguments,
        input_size=(in_channels, *_INPUT),
        mean=(0.0,) * in_channels,
        std=(1.0,) * in_channels,
        crop=1.0,
        published_speed=published_speed,
        guidelines=(_MEASURES[guideline],),
    )
