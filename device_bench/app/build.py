"""The app, from its sources to a signed APK, without Google's SDK; the order of the steps."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from _edgeship.device_bench.app.java_build import build_dex
from _edgeship.device_bench.app.litert_files import RUNTIME, library_notes, litert_libraries
from _edgeship.device_bench.app.native_build import build_library
from _edgeship.device_bench.app.packing import pack
from _edgeship.device_bench.app.project import ABIS, Versions, versions
from _edgeship.device_bench.app.resources import link_resources
from _edgeship.device_bench.app.signing import Key, sign, signing_key, verify
from _edgeship.device_bench.app.sources import source_parts
from _edgeship.device_bench.app.tools import Tools, android_tools
from _edgeship.device_bench.building.once import build_once
from _edgeship.device_bench.results.record import Record
from _edgeship.files import sha256_of

_APK, _ABOUT = "app.apk", "about.json"

#: The asset with the digest of what the app was built from.
SOURCES_ASSET = "built_from.json"

_MAX_ASSET_BYTES = 4096

Tell = Callable[[str], None]


class About(Record):
    """What an APK is, and holds.

    Attributes:
        size: In bytes.
        sha256: Of its bytes.
        version_name: Such as "1.2.3".
        version_code: The same as a number.
        min_sdk: The oldest API level that it is installed on.
        signer: SHA-256 of the certificate that it is signed with.
        libraries: "ABI/NAME" -> size in bytes of each native library.
        notes: Remarks for the user.
    """

    size: int
    sha256: str
    version_name: str
    version_code: int
    min_sdk: int
    signer: str
    libraries: dict[str, int]
    notes: tuple[str, ...] = ()

    @property
    def has_litert(self) -> bool:
        """Whether it can measure anything."""
        return any(name.endswith(f"/{RUNTIME}") for name in self.libraries)


class BuiltApp(About):
    """An APK in the cache, where nobody may change it.

    Attributes:
        path: Of the APK.
        key: Of the key store that it was signed with.
        fresh: Whether it was built just now.
    """

    path: Path
    key: Path
    fresh: bool


def build_app(
    litert: Sequence[Path] = (), key: Path | None = None, tell: Tell = lambda step: None
) -> BuiltApp:
    """Return the app, from the cache if nothing that it is built from has changed.

    Args:
        litert: Files with LiteRT's libraries for Android; without any, the app says that it has
            none and measures nothing.
        key: A key store; our own by default.
        tell: Called with each step, in a few words.

    Raises:
        InputError: A file of LiteRT's or the key is not what it should be.
        DeviceError: A tool is missing or refuses a source.
    """
    known = versions()
    libraries = litert_libraries(litert)
    tell("tools")
    tools = android_tools()
    signer = signing_key(key)
    parts = source_parts()
    parts.extend(part for name in sorted(libraries) for part in (name.encode(), libraries[name]))
    made: list[str] = []

    def make(folder: Path) -> Sequence[str]:
        made.append("built")
        return _make(folder, tools, known, libraries, signer, tell)

    built = build_once(f"app-{known.name}", [*parts, signer.path.read_bytes()], make)
    about = About.model_validate_json((built.folder / _ABOUT).read_bytes())
    return BuiltApp(
        **about.model_dump(),
        path=built.folder / _APK,
        key=signer.path,
        fresh=bool(made),
    )


def _make(
    folder: Path, tools: Tools, known: Versions, libraries: dict[str, bytes], key: Key, tell: Tell
) -> Sequence[str]:
    """Fill an empty folder with the APK."""
    work = folder.parent / "work"
    work.mkdir()
    tell("resources")
    linked, generated = link_resources(tools, known, work)
    tell("Java")
    dex = build_dex(tools, known, generated, work)
    packed = dict(libraries)
    for abi in ABIS:
        tell(f"C for {abi}")
        (work / abi).mkdir()
        library = build_library(abi, work / abi)
        packed[f"{abi}/{library.name}"] = library.read_bytes()
    tell("signature")
    assets = {SOURCES_ASSET: json.dumps({"sources": sources_digest()}).encode()}
    unsigned, apk = work / "unsigned.apk", folder / _APK
    unsigned.write_bytes(pack(linked, dex, assets, packed))
    sign(unsigned, apk, key, known)
    about = About(
        size=apk.stat().st_size,
        sha256=sha256_of(apk),
        version_name=known.name,
        version_code=known.code,
        min_sdk=known.min_sdk,
        signer=verify(apk, known),
        libraries={name: len(data) for name, data in sorted(packed.items())},
        notes=tuple(library_notes(libraries)),
    )
    (folder / _ABOUT).write_text(about.model_dump_json(indent=2) + "\n")
    return []


def sources_digest() -> str:
    """Return the SHA-256 of all that the app is built from, but for LiteRT and the key."""
    digest = hashlib.sha256()
    for part in source_parts():
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def built_from(apk: Path) -> str:
    """Return the digest that an APK carries, or "" if it is none of ours."""
    try:
        with zipfile.ZipFile(apk) as archive, archive.open(f"assets/{SOURCES_ASSET}") as asset:
            said = json.loads(asset.read(_MAX_ASSET_BYTES))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return ""
    return str(said.get("sources", "")) if isinstance(said, dict) else ""
