"""Building the app: the same bytes wherever and whenever, and what is packed and said."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from _edgeship.device_bench.app import build as building
from _edgeship.device_bench.app import java_build, native_build, placing, resources, sources
from _edgeship.device_bench.app.build import BuiltApp, build_app, built_from, sources_digest
from _edgeship.device_bench.app.placing import default_apk, place
from _edgeship.device_bench.app.project import PROJECT
from _edgeship.device_bench.commands.cli import PROGRAM, app
from _edgeship.errors import DeviceError, InputError
from tests.android.manifests import manifest_of
from tests.device_bench.app.libraries import ARM64, X86_64, aar, archive, library
from tests.device_bench.building.left import left_in

pytestmark = pytest.mark.slow


def run(*arguments: object, code: int = 0) -> tuple[str, str]:
    """Return stdout and stderr of `python -m device_bench app build ARGUMENTS`."""
    words = ["app", "build", *(str(word) for word in arguments)]
    result = CliRunner().invoke(app, words, prog_name=PROGRAM)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.stdout, result.stderr


def copied_project(folder: Path, monkeypatch) -> Path:
    """Let the app be built from a copy of the project, and return that."""
    shutil.copytree(PROJECT, folder)
    places = {
        "JAVA": (java_build, sources),
        "LAMBDA": (java_build, sources),
        "MANIFEST": (resources, sources),
        "RES": (resources, sources),
        "CATALOG": (sources,),
        "_JNI": (native_build,),
        "_BIONIC": (native_build,),
        "PROJECT": (native_build,),
    }
    for name, modules in places.items():
        for module in modules:
            moved = folder / getattr(module, name).relative_to(PROJECT)
            monkeypatch.setattr(module, name, moved)
    return folder


@pytest.fixture
def small(built_app: BuiltApp, cache: Path, tmp_path: Path, monkeypatch) -> Path:
    """Makes building take no time: all but packing and placing is played.

    Returns the current folder, in which the APK is put.
    """

    def link(tools: object, versions: object, work: Path) -> tuple[Path, Path]:
        path = work / "linked.apk"
        with zipfile.ZipFile(built_app.path) as opened:
            manifest = opened.read("AndroidManifest.xml")
        return archive(path, {"AndroidManifest.xml": manifest}), work

    def dex(*arguments: object) -> list[Path]:
        with zipfile.ZipFile(built_app.path) as opened:
            return [Path(opened.extract("classes.dex", tmp_path / "dex"))]

    def compiled(abi: str, folder: Path) -> Path:
        path = folder / "libedgebench.so"
        path.write_bytes(library(ARM64 if abi == "arm64-v8a" else X86_64))
        return path

    def sign(unsigned: Path, signed: Path, *rest: object) -> None:
        shutil.copy(unsigned, signed)

    monkeypatch.setattr(building, "link_resources", link)
    monkeypatch.setattr(building, "sign", sign)
    monkeypatch.setattr(building, "verify", lambda apk, versions: "5" * 64)
    monkeypatch.setattr(building, "build_dex", dex)
    monkeypatch.setattr(building, "build_library", compiled)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def packed(apk: Path) -> set[str]:
    with zipfile.ZipFile(apk) as opened:
        return {name for name in opened.namelist() if name.startswith("lib/")}


class TestReproducible:
    def test_another_place_gives_the_same_bytes_with_the_same_key(
        self, built_app: BuiltApp, cache: Path, tmp_path: Path, monkeypatch
    ) -> None:
        """Sources, cache, temporary folders, language: all are others; only the key is the same."""
        copied_project(tmp_path / "elsewhere" / "a longer name" / "app", monkeypatch)
        for name, other in {"TMPDIR": str(tmp_path), "TZ": "Asia/Tokyo", "LC_ALL": "tr_TR"}.items():
            monkeypatch.setenv(name, other)
        again = build_app()
        assert again.fresh and again.path != built_app.path
        assert again.sha256 == built_app.sha256
        assert again.path.read_bytes() == built_app.path.read_bytes()

    def test_the_second_time_it_comes_from_the_cache(self, built_app: BuiltApp) -> None:
        again = build_app()
        assert not again.fresh
        assert again.path == built_app.path

    def test_a_changed_source_builds_it_anew(
        self, small: Path, built_app: BuiltApp, tmp_path: Path, monkeypatch
    ) -> None:
        project = copied_project(tmp_path / "copy", monkeypatch)
        assert sources_digest() == built_from(built_app.path)
        strings = project / "app/src/main/res/values/strings.xml"
        strings.write_text(strings.read_text().replace("</resources>", "<!-- x --></resources>"))
        assert sources_digest() != built_from(built_app.path)
        assert build_app().path != built_app.path

    def test_a_source_that_is_refused_is_quoted_and_leaves_nothing(
        self, cache: Path, tmp_path: Path, monkeypatch
    ) -> None:
        project = copied_project(tmp_path / "copy", monkeypatch)
        broken = project / "app/src/main/java/dev/edgeship/bench/Broken.java"
        broken.write_text("package dev.edgeship.bench; class Broken { int x = no; }\n")
        before = left_in(cache)
        with pytest.raises(DeviceError, match="Java cannot be compiled") as caught:
            build_app()
        assert "Broken.java:1: error: cannot find symbol" in caught.value.why
        assert left_in(cache) == before


class TestLiteRT:
    def test_what_is_given_is_packed(self, small: Path, tmp_path: Path) -> None:
        gpu = "libLiteRtClGlAccelerator.so"
        more = archive(tmp_path / "gpu.aar", {f"jni/arm64-v8a/{gpu}": library(content=b"gpu")})
        out, _ = run("--litert", aar(tmp_path / "litert.aar"), "--litert", more, "--out", "a.apk")
        assert packed(Path("a.apk")) == {
            "lib/arm64-v8a/libLiteRt.so",
            "lib/arm64-v8a/libedgebench.so",
            f"lib/arm64-v8a/{gpu}",
            "lib/x86_64/libLiteRt.so",
            "lib/x86_64/libedgebench.so",
        }
        assert "There is no LiteRT in it" not in out
        assert "run FILE.tflite --device adb --runner app" in out

    def test_what_is_missing_is_said_with_what_to_do(self, small: Path) -> None:
        out, _ = run()
        assert Path("build/edgeship-bench.apk").is_file()
        assert "There is no LiteRT in it" in out
        assert "com.google.ai.edge.litert:litert" in out
        assert "python -m device_bench app build --litert litert-2.3.0.aar" in out

    def test_a_hostile_archive_ends_in_a_message_and_leaves_no_app(
        self, small: Path, tmp_path: Path
    ) -> None:
        evil = archive(tmp_path / "evil.aar", {"../libLiteRt.so": library()})
        _, err = run("--litert", evil, "--out", "a.apk", code=2)
        assert "leads outside" in err
        assert not Path("a.apk").exists()

    def test_small_pages_are_noted(self, small: Path, tmp_path: Path) -> None:
        old = archive(
            tmp_path / "old.aar", {"jni/x86_64/libLiteRt.so": library(X86_64, align=4096)}
        )
        out, _ = run("--litert", old)
        assert "note: x86_64/libLiteRt.so cannot be loaded on phones with pages of 16 KiB" in out


class TestCommand:
    def test_json_tells_all(self, small: Path) -> None:
        told = json.loads(run("--out", "x/a.apk", "--json")[0])
        assert told["out"] == "x/a.apk"
        assert told["size"] == Path("x/a.apk").stat().st_size
        assert set(told["libraries"]) == {"arm64-v8a/libedgebench.so", "x86_64/libedgebench.so"}
        assert manifest_of(Path("x/a.apk")).get("package") == "dev.edgeship.bench"

    def test_the_page_tells_size_digest_and_signer(self, small: Path, built_app: BuiltApp) -> None:
        out, _ = run("--out", "a.apk")
        made = build_app()
        assert made.sha256 in out and made.signer in out
        assert "version 0.2.0 (2000)" in out
        assert "built before, taken from the cache" in run("--out", "a.apk")[0]

    def test_an_output_that_cannot_be_written(self, small: Path) -> None:
        Path("file").write_text("")
        _, err = run("--out", "file/a.apk", code=2)
        assert "file/a.apk cannot be written" in err and "--out FILE" in err

    def test_a_missing_key(self, small: Path) -> None:
        assert "there is no such file" in run("--key", "absent.p12", code=2)[1]

    def test_missing_packages_end_in_a_message(self, small: Path, monkeypatch) -> None:
        monkeypatch.setenv("PATH", "/nonexistent")
        _, err = run(code=5)
        assert "apt install --no-install-recommends" in err

    def test_the_group_alone_shows_its_commands(self) -> None:
        result = CliRunner().invoke(app, ["app"], prog_name=PROGRAM)
        assert result.exit_code == 0
        assert "build" in result.stdout


class TestDefault:
    def test_it_is_built_where_it_is_missing(self, small: Path) -> None:
        path = default_apk()
        assert path == placing.DEFAULT
        assert built_from(path) == sources_digest()

    def test_what_the_user_built_stays(self, small: Path, tmp_path: Path) -> None:
        run("--litert", aar(tmp_path / "litert.aar"))
        before = placing.DEFAULT.read_bytes()
        default_apk()
        assert placing.DEFAULT.read_bytes() == before

    def test_litert_stays_in_it_when_the_sources_change(
        self, small: Path, tmp_path: Path, monkeypatch
    ) -> None:
        run("--litert", aar(tmp_path / "litert.aar"))
        project = copied_project(tmp_path / "copy", monkeypatch)
        strings = project / "app/src/main/res/values/strings.xml"
        strings.write_text(strings.read_text().replace("</resources>", "<!-- x --></resources>"))
        assert built_from(placing.DEFAULT) != sources_digest()
        default_apk()
        assert built_from(placing.DEFAULT) == sources_digest()
        assert "lib/arm64-v8a/libLiteRt.so" in packed(placing.DEFAULT)

    def test_something_else_there_is_not_overwritten(self, small: Path) -> None:
        placing.DEFAULT.parent.mkdir()
        placing.DEFAULT.write_text("mine")
        with pytest.raises(InputError, match="is no app"):
            default_apk()
        assert placing.DEFAULT.read_text() == "mine"

    def test_an_app_of_others_carries_no_digest(self, tmp_path: Path) -> None:
        for content in (b"[]", b"{}", b"not json", b'{"sources":' + b"9" * 10_000 + b"}"):
            path = archive(tmp_path / "a.apk", {f"assets/{building.SOURCES_ASSET}": content})
            assert built_from(path) == ""
        assert built_from(archive(tmp_path / "b.apk", {})) == ""
        assert built_from(tmp_path / "absent") == ""

    def test_a_copy_is_whole_or_absent(self, built_app: BuiltApp, tmp_path: Path) -> None:
        gone = built_app.model_copy(update={"path": tmp_path / "absent.apk"})
        with pytest.raises(InputError, match="cannot be written"):
            place(gone, tmp_path / "a.apk")
        assert list(tmp_path.iterdir()) == []
