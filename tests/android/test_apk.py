"""The APK: signatures, alignment, manifest, classes and libraries, by other people's tools."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from androguard.core.dex import DEX

from _edgeship.device_bench.app.elf import read_library
from _edgeship.device_bench.app.packing import PAGE_BYTES, data_offset
from _edgeship.device_bench.app.project import ABIS, PACKAGE, versions
from _edgeship.device_bench.app.tools import android_tools
from _edgeship.device_bench.processes.running import run_process
from tests.android.manifests import ANDROID, components, manifest_of

pytestmark = pytest.mark.slow

LIBRARY = "libedgebench.so"

#: What adb's shell has, and an app only if its user grants it over adb.
GUARD = "android.permission.DUMP"

#: Everything that the app asks for.
PERMISSIONS = {"android.permission.CAMERA"}

#: How the user opens the app, or hands it a file.
OPEN_TO_ALL = {
    "android.intent.action.MAIN",
    "android.intent.action.VIEW",
    "android.intent.action.SEND",
}


def said(*argv: object) -> str:
    """Return what a program prints; it must end well."""
    done = run_process([str(word) for word in argv], timeout=60)
    assert done.code == 0, done.out + done.err
    return done.out


def libraries(apk: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(apk) as archive:
        names = [name for name in archive.namelist() if name.startswith("lib/")]
        return {name: archive.read(name) for name in names}


def exported(library: Path) -> set[str]:
    """Return the names of the functions that a library offers to others."""
    rows = said("readelf", "--wide", "--dyn-syms", library).splitlines()
    return {
        row.split()[-1]
        for row in rows
        if " FUNC " in row and " GLOBAL " in row and " UND " not in row
    }


class TestSignature:
    def test_it_is_signed_with_v2_and_v3_by_one_signer(self, built_app) -> None:
        told = said("apksigner", "verify", "--verbose", "--print-certs", built_app.path)
        schemes = dict(re.findall(r"^Verified using (v\d) scheme .*: (true|false)$", told, re.M))
        assert schemes == {"v1": "false", "v2": "true", "v3": "true", "v4": "false"}
        assert "Number of signers: 1" in told
        assert f"certificate SHA-256 digest: {built_app.signer}" in told

    @pytest.mark.parametrize("part", ["classes.dex", "resources.arsc", "lib/arm64-v8a/" + LIBRARY])
    def test_one_changed_byte_breaks_it(self, apk: Path, part: str, tmp_path: Path) -> None:
        data = bytearray(apk.read_bytes())
        with apk.open("rb") as file, zipfile.ZipFile(file) as archive:
            data[data_offset(file, archive.getinfo(part)) + 100] ^= 1
        changed = tmp_path / "changed.apk"
        changed.write_bytes(data)
        done = run_process(["apksigner", "verify", str(changed)], timeout=60)
        assert done.code != 0
        assert "DOES NOT VERIFY" in done.out + done.err


class TestArchive:
    def test_it_is_aligned(self, apk: Path) -> None:
        said("zipalign", "-c", "-p", "4", apk)

    def test_libraries_are_stored_where_pages_of_16_kib_can_be_mapped(self, apk: Path) -> None:
        with apk.open("rb") as file, zipfile.ZipFile(file) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.endswith(".so")]
            assert {entry.filename for entry in entries} == {f"lib/{abi}/{LIBRARY}" for abi in ABIS}
            for entry in entries:
                assert entry.compress_type == zipfile.ZIP_STORED
                assert data_offset(file, entry) % PAGE_BYTES == 0
                file.seek(data_offset(file, entry))
                assert file.read(4) == b"\x7fELF"

    def test_each_library_is_for_its_folder_and_for_pages_of_16_kib(self, apk: Path) -> None:
        for name, data in libraries(apk).items():
            about = read_library(data)
            assert about.abi == name.split("/")[1]
            assert about.alignment == PAGE_BYTES
            assert set(about.needed) <= {"libc.so", "libdl.so", "libm.so", "liblog.so"}

    def test_nothing_else_is_in_it(self, apk: Path) -> None:
        with zipfile.ZipFile(apk) as archive:
            names = set(archive.namelist())
        others = {name for name in names if not name.startswith(("res/", "lib/"))}
        assert others == {
            "AndroidManifest.xml",
            "resources.arsc",
            "classes.dex",
            "assets/built_from.json",
        }


class TestManifest:
    def test_names_and_levels_are_those_of_the_catalog(self, apk: Path) -> None:
        manifest, known = manifest_of(apk), versions()
        sdk = manifest.find("uses-sdk")
        assert manifest.get("package") == PACKAGE
        assert manifest.get(f"{ANDROID}versionName") == known.name
        assert manifest.get(f"{ANDROID}versionCode") == str(known.code)
        assert sdk.get(f"{ANDROID}minSdkVersion") == str(known.min_sdk)
        assert sdk.get(f"{ANDROID}targetSdkVersion") == str(known.target_sdk)

    def test_the_phones_installer_finds_what_it_shows(self, apk: Path) -> None:
        told = said(android_tools().aapt2, "dump", "badging", apk)
        assert f"package: name='{PACKAGE}' versionCode='{versions().code}'" in told
        assert re.search(rf"^launchable-activity: name='{PACKAGE}\.MainActivity'", told, re.M)
        (label, icon) = re.search(r"^application: label='(.*)' icon='(.*)'$", told, re.M).groups()
        assert label
        with zipfile.ZipFile(apk) as archive:
            assert icon in archive.namelist()
        # A camera, which the app can use, is nothing that a phone must have for it.
        assert re.findall(r"^ *uses-feature: name='(.*)'$", told, re.M) == [
            "android.hardware.faketouch"
        ]
        (abis,) = re.findall(r"^native-code: (.*)$", told, re.M)
        assert abis == " ".join(f"'{abi}'" for abi in ABIS)

    def test_it_asks_for_no_permission_but_these(self, apk: Path) -> None:
        asked = {each.get(f"{ANDROID}name") for each in manifest_of(apk).iter("uses-permission")}
        assert asked <= PERMISSIONS

    def test_it_is_a_release(self, apk: Path) -> None:
        application = manifest_of(apk).find("application")
        for name in ("debuggable", "testOnly", "usesCleartextTraffic"):
            assert application.get(f"{ANDROID}{name}", "false") == "false"
        # What is measured stays on the phone.
        assert application.get(f"{ANDROID}allowBackup") == "false"
        # Or else the system copies the libraries out of the APK.
        assert application.get(f"{ANDROID}extractNativeLibs") == "false"

    def test_what_is_exported_is_guarded_or_opened_by_the_user(self, apk: Path) -> None:
        exported = [each for each in components(manifest_of(apk)) if each.exported]
        guarded = {each.name for each in exported if each.permission == GUARD}
        assert {f"{PACKAGE}.RunActivity", f"{PACKAGE}.RunsProvider"} <= guarded
        for each in exported:
            if each.name not in guarded:
                assert each.permission == "" and each.kind in {"activity", "activity-alias"}
                assert each.actions and each.actions <= OPEN_TO_ALL, each

    def test_measurements_run_in_a_process_of_their_own(self, apk: Path) -> None:
        (run,) = [
            element
            for element in manifest_of(apk).iter("activity")
            if element.get(f"{ANDROID}name").endswith("RunActivity")
        ]
        assert run.get(f"{ANDROID}process") == ":run"

    def test_every_component_has_its_class(self, apk: Path) -> None:
        classes = {each.get_name() for each in dex_of(apk).get_classes()}
        named = components(manifest_of(apk))
        assert named
        for each in named:
            assert f"L{each.name.replace('.', '/')};" in classes


def dex_of(apk: Path) -> DEX:
    with zipfile.ZipFile(apk) as archive:
        return DEX(archive.read("classes.dex"))


class TestClasses:
    def test_the_checksum_holds(self, apk: Path, tmp_path: Path) -> None:
        with zipfile.ZipFile(apk) as archive:
            path = Path(archive.extract("classes.dex", tmp_path))
        assert "Checksum verified" in said("dexdump", "-c", path)
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
        assert run_process(["dexdump", "-c", str(path)], timeout=60).code != 0

    def test_all_are_ours(self, apk: Path) -> None:
        """No stub of Android's or of java.lang.invoke is packed."""
        names = {each.get_name() for each in dex_of(apk).get_classes()}
        assert all(name.startswith("Ldev/edgeship/bench/") for name in names)

    def test_every_native_method_is_in_the_library(self, apk: Path, tmp_path: Path) -> None:
        declared = {
            f"Java_{each.get_class_name()[1:-1].replace('/', '_')}_{each.get_name()}"
            for owner in dex_of(apk).get_classes()
            for each in owner.get_methods()
            if "native" in each.get_access_flags_string().split()
        }
        assert len(declared) >= 2
        for name, data in libraries(apk).items():
            path = tmp_path / name.replace("/", "-")
            path.write_bytes(data)
            assert exported(path) == declared
