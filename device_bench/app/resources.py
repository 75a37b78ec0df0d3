"""Manifest and resources to the beginning of an APK, with aapt2."""

from __future__ import annotations

from pathlib import Path

from _edgeship.device_bench.app.project import MAIN, PACKAGE, Versions
from _edgeship.device_bench.app.tools import Tools
from _edgeship.device_bench.building.once import run_tool
from _edgeship.device_bench.processes.words import last_words
from _edgeship.errors import DeviceError

#: The manifest in Gradle's form, and the resources.
MANIFEST = MAIN / "AndroidManifest.xml"
RES = MAIN / "res"

_SECONDS = 120.0
_ROOT = "<manifest "


def link_resources(tools: Tools, versions: Versions, work: Path) -> tuple[Path, Path]:
    """Compile and link the resources.

    Args:
        tools: What it takes.
        versions: Written into the manifest.
        work: An empty folder.

    Returns:
        An archive with AndroidManifest.xml, resources.arsc and the files of res/; and the folder
        with the source of the class R.

    Raises:
        DeviceError: The manifest or a resource is refused.
    """
    compiled, linked, generated = work / "res.zip", work / "linked.apk", work / "generated"
    manifest = work / "AndroidManifest.xml"
    manifest.write_text(with_package(MANIFEST.read_text(encoding="utf-8")), encoding="utf-8")
    _aapt2(tools, "compile", "--dir", str(RES), "-o", str(compiled))
    _aapt2(
        tools,
        *("link", "-I", str(tools.framework), "--manifest", str(manifest)),
        *("--min-sdk-version", str(versions.min_sdk)),
        *("--target-sdk-version", str(versions.target_sdk)),
        *("--version-code", str(versions.code), "--version-name", versions.name),
        *("--java", str(generated), "-o", str(linked), str(compiled)),
    )
    return linked, generated


def with_package(manifest: str) -> str:
    """Return a manifest with the name of the package, which Gradle takes from its own files.

    Raises:
        DeviceError: The manifest has none or several elements <manifest>, or names a package.
    """
    if manifest.count(_ROOT) != 1 or " package=" in manifest:
        raise DeviceError(
            "The app's manifest is not in Gradle's form.",
            where=str(MANIFEST),
            why="It must have one element <manifest>, without the attribute package.",
        )
    return manifest.replace(_ROOT, f'{_ROOT}package="{PACKAGE}" ')


def _aapt2(tools: Tools, *words: str) -> None:
    done = run_tool([str(tools.aapt2), *words], "aapt", seconds=_SECONDS)
    if done.code != 0:
        raise DeviceError(
            "The app's resources cannot be built.", where=f"aapt2 {words[0]}", why=last_words(done)
        )
