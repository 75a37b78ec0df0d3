"""A folder of packages as a Swift package, which Xcode adds to an app as it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence

from _edgeship.export.contract.manifest import Artifact, Manifest

#: Where the Swift sources lie in the folder.
SOURCES = "code/swift"

#: The oldest tools that read the package: those of Xcode 14.
_TOOLS = "5.7"

#: The release of macOS that has what one of iOS has.
_MACOS = {15: "12", 16: "13", 17: "14", 18: "15"}

#: The oldest iOS that the sources are written for.
_OLDEST = 15


def swift_package(
    manifest: Manifest, artifacts: Sequence[Artifact], others: Collection[str] = ()
) -> dict[str, bytes]:
    """Return the files that make a folder with .mlpackages a Swift package: path -> content.

    The package has one library, of the sources in ``code/swift``. Its resources are the
    .mlpackages, which Xcode compiles, and the names of classes; they stay where they are.

    Args:
        manifest: What the folder holds.
        artifacts: Its files and packages.
        others: Files and folders in it that Xcode is to pass over; it warns of those that are not
            named, and of names that are not there.

    Returns:
        Nothing where there is no .mlpackage.
    """
    packages = [artifact for artifact in artifacts if artifact.target == "coreml"]
    if not packages:
        return {}
    name = library_name(str(manifest.model["name"]))
    ios = max([_OLDEST, *(one.ios for one in packages if one.ios is not None)])
    resources = [f".process({quoted(one.file)})" for one in packages]
    resources += [f".copy({quoted(one.file)})" for one in manifest.labels]
    return {
        "Package.swift": _PACKAGE.format(
            tools=_TOOLS,
            name=quoted(name),
            ios=quoted(f"{ios}.0"),
            macos=quoted(f"{_MACOS.get(ios, _MACOS[max(_MACOS)])}.0"),
            exclude=_listed(quoted(one) for one in sorted(others)),
            sources=quoted(SOURCES),
            resources=_listed(resources),
        ).encode(),
        f"{SOURCES}/PackageFiles.swift": _FILES.format(member=files_member(name)).encode(),
    }


def _listed(elements: Iterable[str]) -> str:
    """Return the elements of a list of Package.swift, one a line."""
    return ",\n".join(f"                {one}" for one in elements)


def library_name(text: str) -> str:
    """Return the name of a library in Swift: ``shufflenet_v2`` becomes ``ShufflenetV2``."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.findall("[A-Za-z0-9]+", plain)
    name = "".join(word[:1].upper() + word[1:] for word in words)
    return name if name[:1].isalpha() else f"Network{name}"


def files_member(library: str) -> str:
    """Return the member of Bundle by which the classes of a library find its files."""
    return f"{library[:1].lower()}{library[1:]}Files"


def quoted(text: str) -> str:
    """Return a text as Swift writes it, with nothing in it that Swift would read as its own."""
    return '"' + "".join(_letter(one) for one in text) + '"'


def _letter(letter: str) -> str:
    if letter in '\\"':
        return f"\\{letter}"
    return letter if letter.isprintable() else f"\\u{{{ord(letter):x}}}"


_PACKAGE = """\
// swift-tools-version:{tools}
import PackageDescription

let package = Package(
    name: {name},
    platforms: [.iOS({ios}), .macOS({macos})],
    products: [.library(name: {name}, targets: [{name}])],
    targets: [
        .target(
            name: {name},
            path: ".",
            exclude: [
{exclude}
            ],
            sources: [{sources}],
            resources: [
{resources}
            ]
        )
    ]
)
"""

_FILES = """\
// Made by edgeship, for apps that use this folder as a Swift package.
#if SWIFT_PACKAGE
import Foundation

public extension Bundle {{
    /// Where the package keeps its networks: give it to a class of this folder as its `bundle`.
    static var {member}: Bundle {{ .module }}
}}
#endif
"""
