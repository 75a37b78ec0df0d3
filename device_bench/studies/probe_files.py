"""The networks of the guidelines' tables as files, exported once and kept in the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from _edgeship.device_bench.building.once import build_once
from _edgeship.export.tflite.schemes import SCHEMES


def probe_files(
    model: str, schemes: Sequence[str], report: Callable[[str], None]
) -> dict[str, Path]:
    """Return the files of a network of the catalog, with random weights, by scheme.

    They are made anew when the code of the compiler or of the networks, or the version of a package
    that it depends on, has changed. The manifest of the export lies beside them.

    Args:
        model: Name in the catalog.
        schemes: Quantization schemes; ranges are calibrated on random numbers.
        report: Called with a sentence when something is exported, which takes seconds.

    Raises:
        EdgeshipError: The export failed, or the cache cannot be written.
    """
    folder = build_once(
        f"{model}-{'-'.join(schemes)}",
        [*_code(), *_versions(), model.encode(), ",".join(schemes).encode()],
        partial(_export, model, tuple(schemes), report),
    ).folder
    return {name: folder / f"{model}_{SCHEMES[name].suffix}.tflite" for name in schemes}


def _export(
    model: str, schemes: tuple[str, ...], report: Callable[[str], None], folder: Path
) -> list[str]:
    from _edgeship.export.contract.request import Request
    from _edgeship.export.pipeline import export

    report(f"exporting {model} ({', '.join(schemes)})")
    result = export(Request(model, schemes=schemes, calib="random", out=folder))
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
