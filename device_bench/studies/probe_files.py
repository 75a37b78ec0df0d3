"""Networks of the catalog as files to measure, exported once and kept in the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from _edgeship.device_bench.building.once import build_once
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.tflite.schemes import SCHEMES
from _edgeship.models.catalog.registry import CATALOG


def probe_files(
    model: str, schemes: Sequence[str], report: Callable[[str], None], size: int | None = None
) -> dict[str, Path]:
    """Return the files of a network of the catalog, with random weights, by scheme.

    They are made anew when the code of the compiler or of the networks, or the version of a package
    that it depends on, has changed. The manifest of the export lies beside them.

    Args:
        model: Name in the catalog.
        schemes: Quantization schemes; ranges are calibrated on random numbers.
        report: Called with a sentence when something is exported, which takes seconds.
        size: Height and width of its picture; None for those of the catalog.

    Raises:
        EdgeshipError: The export failed, or the cache cannot be written.
    """
    shapes = () if size is None else ((1, CATALOG[model].input_size[0], size, size),)
    sized = model if size is None else f"{model}-{size}"
    folder = build_once(
        f"{sized}-{'-'.join(schemes)}",
        [*_code(), *_versions(), sized.encode(), ",".join(schemes).encode()],
        partial(_export, model, tuple(schemes), shapes, report),
    ).folder
    return {name: folder / f"{model}_{SCHEMES[name].suffix}.tflite" for name in schemes}


def _export(
    model: str,
    schemes: tuple[str, ...],
    shapes: tuple[Shape, ...],
    report: Callable[[str], None],
    folder: Path,
) -> list[str]:
    from _edgeship.export.contract.request import Request
    from _edgeship.export.pipeline import export

    report(f"exporting {model} ({', '.join(schemes)})")
    result = export(Request(model, schemes=schemes, shapes=shapes, calib="random", out=folder))
    return list(result.notes)


def _code() -> list[bytes]:
    """Return what decides the bytes of an exported file: the sources of both packages."""
    import _edgeship

    place = Path(_edgeship.__file__).parent
    roots = [place / package for package in ("export", "models")]
    paths = sorted(path for root in roots for path in root.rglob("*.py"))
    return [part for path in paths for part in (path.name.encode(), path.read_bytes())]


def _versions() -> list[bytes]:
    from _edgeship.export.contract.manifest import versions

    return [f"{name} {version}".encode() for name, version in versions().items()]
