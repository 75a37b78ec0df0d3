"""The Gradle files, which nothing here can run: parsed, and held equal to the build that runs."""

from __future__ import annotations

import re
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
from lxml import etree

from _edgeship.device_bench.app import native_build
from _edgeship.device_bench.app.java_build import JAVA, java_files
from _edgeship.device_bench.app.project import ABIS, CATALOG, MAIN, PACKAGE, parse_catalog, versions
from _edgeship.device_bench.app.resources import MANIFEST, RES
from _edgeship.device_bench.building import bundle
from _edgeship.device_bench.processes.running import run_process
from tests.android.test_apk import exported

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "android_app"
APP = (PROJECT / "app" / "build.gradle.kts").read_text()
GRADLE_FILES = sorted(PROJECT.glob("**/*.gradle.kts"))

#: Packages of a phone with Android 8, and ours.
FRAMEWORK = ("java.", "android.", "org.json.", f"{PACKAGE}.")


def without_comments(text: str) -> str:
    """Return Kotlin without its comments; no string in these files holds two slashes."""
    return re.sub(r"//.*", "", text)


def value(name: str) -> str:
    """Return what a setting of the app's module is set to."""
    (found,) = re.findall(rf"^\s*{name} = (.+)$", without_comments(APP), re.MULTILINE)
    return str(found)


class TestCatalog:
    pytestmark = pytest.mark.skipif(
        sys.version_info < (3, 11), reason="Python reads TOML since 3.11"
    )

    @pytest.fixture
    def catalog(self) -> dict[str, dict[str, object]]:
        import tomllib

        return tomllib.loads(CATALOG.read_text())

    def test_every_library_and_plugin_has_a_version_in_it(self, catalog) -> None:
        assert set(catalog) == {"versions", "libraries", "plugins"}
        for entry in [*catalog["libraries"].values(), *catalog["plugins"].values()]:
            assert entry["version"]["ref"] in catalog["versions"]

    def test_gradle_files_name_only_what_is_in_it(self, catalog) -> None:
        known = {f"versions.{name}" for name in catalog["versions"]}
        known |= {name.replace("-", ".") for name in catalog["libraries"]}
        known |= {f"plugins.{name.replace('-', '.')}" for name in catalog["plugins"]}
        used = set()
        for file in GRADLE_FILES:
            names = re.findall(r"\blibs\.([A-Za-z.]+)", without_comments(file.read_text()))
            used |= {name.removesuffix(".get") for name in names}
        assert used <= known
        # The catalog's own versions are those of its plugins and libraries, or are used.
        refs = [*catalog["libraries"].values(), *catalog["plugins"].values()]
        assert known == used | {f"versions.{entry['version']['ref']}" for entry in refs}

    def test_only_litert_comes_from_elsewhere(self, catalog) -> None:
        modules = {entry["module"] for entry in catalog["libraries"].values()}
        assert modules == {
            "com.google.ai.edge.litert:litert",
            "com.google.ai.edge.litert:litert-gpu",
        }


class TestVersions:
    def test_the_app_has_the_projects_version(self) -> None:
        (version,) = re.findall(
            r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
        )
        assert versions().name == version

    def test_litert_is_one_whose_interface_the_runner_knows(self) -> None:
        assert versions().litert.startswith(bundle._DECLARED)

    @pytest.mark.parametrize(
        ("setting", "version"),
        [("compileSdk", "compileSdk"), ("minSdk", "minSdk"), ("targetSdk", "targetSdk")],
    )
    def test_levels_come_from_the_catalog(self, setting: str, version: str) -> None:
        assert value(setting) == f"libs.versions.{version}.get().toInt()"
        assert int(parse_catalog(CATALOG.read_text())[version]) >= 26

    def test_the_code_is_made_of_the_name_as_here(self) -> None:
        assert value("versionName") == "libs.versions.app.get()"
        assert value("versionCode") == "codeOf(libs.versions.app.get())"
        body = APP.partition("fun codeOf(version: String): Int =")[2].partition("\n\n")[0]
        assert body.strip() == (
            'version.split(".").map(String::toInt).fold(0) { code, part -> code * 1000 + part }'
        )

    def test_java_has_one_version(self) -> None:
        for setting in ("sourceCompatibility", "targetCompatibility"):
            assert value(setting) == "JavaVersion.toVersion(libs.versions.java.get())"


class TestModule:
    def test_names_are_those_of_the_other_build(self) -> None:
        assert value("namespace") == value("applicationId") == f'"{PACKAGE}"'

    def test_abis_are_those_of_the_other_build(self) -> None:
        (listed,) = re.findall(r"abiFilters \+= listOf\((.+)\)", APP)
        assert tuple(re.findall(r'"([^"]+)"', listed)) == ABIS

    def test_libraries_are_stored_in_the_apk(self) -> None:
        assert value("useLegacyPackaging") == "false"

    def test_gradle_looks_for_sources_where_the_other_build_does(self) -> None:
        """These are Gradle's own places, which no file of ours changes."""
        assert "sourceSets" not in APP
        main = PROJECT / "app" / "src" / "main"
        assert MAIN.resolve() == main
        assert JAVA.resolve() == main / "java"
        assert RES.resolve() == main / "res"
        assert MANIFEST.resolve() == main / "AndroidManifest.xml"

    def test_every_module_of_the_settings_is_there(self) -> None:
        settings = (PROJECT / "settings.gradle.kts").read_text()
        assert re.findall(r'include\("(.+)"\)', settings) == [":app"]
        assert (PROJECT / "app" / "build.gradle.kts").is_file()

    def test_brackets_are_balanced(self) -> None:
        for file in GRADLE_FILES:
            open_ones = []
            for char in re.sub(r'"[^"]*"', "", without_comments(file.read_text())):
                if char in "({[":
                    open_ones.append(char)
                elif char in ")}]":
                    assert open_ones and open_ones.pop() + char in {"()", "{}", "[]"}, file
            assert not open_ones, file


class TestSources:
    def test_cmake_compiles_the_same_files(self) -> None:
        (path,) = re.findall(r'path = file\("(.+)"\)', APP)
        text = (PROJECT / "app" / path).read_text()
        listed = set(re.findall(r"\b([a-z_]+\.c)\b", re.sub(r"#.*", "", text)))
        assert listed == {path.name for path in native_build.sources() if path.suffix == ".c"}

    @pytest.mark.slow
    @pytest.mark.skipif(shutil.which("cmake") is None, reason="needs the Debian package cmake")
    def test_cmake_builds_the_library_with_this_computers_compiler(
        self, apk: Path, tmp_path: Path
    ) -> None:
        """In place of the NDK's; it exports what the APK's library does."""
        java = Path(shutil.which("javac") or "").resolve().parents[1] / "include"
        source = str(PROJECT / "app" / "src" / "main" / "cpp")
        flags = f"-DCMAKE_C_FLAGS=-I{java} -I{java / 'linux'}"
        for argv in (["-S", source, "-B", str(tmp_path), flags], ["--build", str(tmp_path)]):
            done = run_process(["cmake", *argv], timeout=120)
            assert done.code == 0, done.out + done.err
        with zipfile.ZipFile(apk) as archive:
            packed = Path(archive.extract("lib/x86_64/libedgebench.so", tmp_path))
        assert exported(tmp_path / "libedgebench.so") == exported(packed)

    def test_the_manifest_is_in_gradles_form(self) -> None:
        root = etree.parse(str(MANIFEST)).getroot()
        assert root.get("package") is None
        assert root.find("uses-sdk") is None
        assert not [name for name in root.attrib if name.endswith(("versionCode", "versionName"))]

    def test_only_classes_of_the_framework_are_used(self) -> None:
        """One set of sources then serves both builds."""
        files = java_files(JAVA)
        assert len(files) > 10
        for file in files:
            text = file.read_text()
            assert re.search(rf"^package {PACKAGE};$", text, re.MULTILINE), file
            imported = re.findall(r"^import (?:static )?([\w.]+)", text, re.MULTILINE)
            assert all(name.startswith(FRAMEWORK) for name in imported), file
