"""An APK made ready for the JVM: its dex files as a jar, its x86_64 libraries, its components."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from _edgeship.cache import cache_folder
from tests.android import resource_table
from tests.android.binary_xml import Element, manifest

_HERE = Path(__file__).parent

#: Android's own implementation of org.json (Debian package libandroid-json-java).
JSON_JAR = Path("/usr/share/java/com.android.json.jar")

# Names of bionic's libraries for what glibc's have: the app's library asks for them.
_ERRNO = "int *__errno_location(void); int *__errno(void) { return __errno_location(); }"
_SHIMS = {"libc.so": _ERRNO, "libdl.so": ""}


@dataclass(frozen=True)
class Component:
    """An activity or a provider, as the manifest has it.

    Attributes:
        kind: "activity" or "provider".
        name: Its class.
        exported: Whether other apps may use it.
        permission: What others must hold, "" for nothing.
        process: The process that it runs in.
        authority: Of a provider.
        single: Whether there is at most one of it, which gets all intents.
    """

    kind: str
    name: str
    exported: bool
    permission: str
    process: str
    authority: str
    single: bool


@dataclass(frozen=True)
class Unpacked:
    """An app for the JVM.

    Attributes:
        apk: What it was made from.
        folder: Holds classes.jar, lib/, assets/ and resources.tsv.
        package: Its name.
        version: Its version for people.
        version_code: Its version for comparisons.
        components: What the manifest has.
    """

    apk: Path
    folder: Path
    package: str
    version: str
    version_code: int
    components: tuple[Component, ...]

    def component(self, name: str) -> Component | None:
        """Return the component of a class."""
        return next((each for each in self.components if each.name == name), None)

    def provider(self, authority: str) -> Component | None:
        """Return the provider that has an authority."""
        return next((each for each in self.components if authority == each.authority), None)


def unpack(apk: Path, res: Path) -> Unpacked:
    """Make an APK ready; kept in the cache by its bytes.

    Args:
        apk: The app.
        res: The folder res/ that its resources were made from.
    """
    table = "".join(resource_table.lines(res))
    name = hashlib.sha256(apk.read_bytes() + table.encode()).hexdigest()[:16]
    folder = kept(f"app-{name}", lambda folder: _fill(folder, apk, table))
    root = manifest(apk)
    package = str(root.attributes["package"])
    [application] = root.all("application")
    components = tuple(
        _component(element, package)
        for element in application.inner
        if element.name in ("activity", "provider")
    )
    return Unpacked(
        apk,
        folder,
        package,
        str(root.attributes["versionName"]),
        int(root.attributes["versionCode"]),
        components,
    )


def _component(element: Element, package: str) -> Component:
    known = element.attributes
    name = str(known["name"])
    process = str(known.get("process", ""))
    return Component(
        element.name,
        package + name if name.startswith(".") else name,
        bool(known.get("exported", False)),
        str(known.get("permission", "")),
        package + process if process.startswith(":") else process or package,
        str(known.get("authorities", "")),
        # singleTop, singleTask, singleInstance and the newer singleInstancePerTask
        known.get("launchMode", 0) != 0,
    )


def _fill(folder: Path, apk: Path, table: str) -> None:
    (folder / "lib").mkdir()
    (folder / "assets").mkdir()
    (folder / "resources.tsv").write_text(table, encoding="utf-8")
    with zipfile.ZipFile(apk) as archive:
        for name in archive.namelist():
            if name.startswith("lib/x86_64/"):
                (folder / "lib" / Path(name).name).write_bytes(archive.read(name))
            elif name.startswith("assets/"):
                archive.extract(name, folder)
        dex = [name for name in archive.namelist() if name.endswith(".dex")]
        assert dex == ["classes.dex"], dex
        (folder / "classes.dex").write_bytes(archive.read("classes.dex"))
    # Debian's script looks for "python3", which must be Debian's.
    environment = {**os.environ, "PATH": f"/usr/bin:{os.environ['PATH']}"}
    _run("enjarify", "-f", "-o", folder / "classes.jar", folder / "classes.dex", env=environment)


def doubles() -> Path:
    """Return a folder with the compiled doubles and the programs that drive them."""
    sources = sorted((_HERE / "doubles").rglob("*.java"))
    content = b"".join(path.read_bytes() for path in sources)

    def fill(folder: Path) -> None:
        options = ("-nowarn", "-Xlint:none", "-encoding", "UTF-8", "-cp", JSON_JAR)
        _run("javac", *options, "-d", folder, *sources)

    return kept(f"doubles-{hashlib.sha256(content).hexdigest()[:16]}", fill)


def shims() -> Path:
    """Return a folder with libraries of bionic's names."""

    def fill(folder: Path) -> None:
        for name, source in _SHIMS.items():
            (folder / "shim.c").write_text(source)
            _run(
                *("gcc", "-shared", "-fPIC", f"-Wl,-soname,{name}"),
                *("-o", folder / name, folder / "shim.c"),
            )

    return kept(f"shims-{hashlib.sha256(repr(_SHIMS).encode()).hexdigest()[:16]}", fill)


def kept(name: str, fill: Callable[[Path], None]) -> Path:
    """Return a folder of the cache; filled once, whoever comes first."""
    folder = cache_folder() / "app-tests" / name
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        fill(unfinished)
        unfinished.chmod(0o755)
        unfinished.rename(folder)
    except OSError:
        if not folder.is_dir():  # Otherwise somebody else was faster.
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _run(*argv: str | Path, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, f"{argv[0]}: {done.stdout}{done.stderr}"
