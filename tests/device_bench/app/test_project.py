"""What the catalog of versions says, and errors about it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from _edgeship.device_bench.app import project
from _edgeship.device_bench.app.project import CATALOG, Versions, parse_catalog, versions
from _edgeship.device_bench.app.resources import with_package
from _edgeship.errors import DeviceError, InputError

ROOT = Path(__file__).parents[3]


def test_the_project_is_there() -> None:
    assert versions().min_sdk == 26
    assert project.MAIN.is_dir()


def test_it_travels_with_the_package() -> None:
    """Wheels hold _edgeship and what is mounted there, and sdists hold that once."""
    mounted = {path.name for path in (ROOT / "_edgeship").iterdir() if path.is_symlink()}
    assert "android_app" in mounted
    (excluded,) = re.findall(r"^exclude = (\[.+\])$", (ROOT / "pyproject.toml").read_text(), re.M)
    assert set(json.loads(excluded)) == {f"/{name}" for name in mounted}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python reads TOML since 3.11")
def test_the_catalog_is_read_as_python_reads_it() -> None:
    import tomllib

    text = CATALOG.read_text()
    assert parse_catalog(text) == tomllib.loads(text)["versions"]


@pytest.mark.parametrize(
    ("name", "code"), [("0.2.0", 2000), ("1.2.3", 1002003), ("0.10.0", 10000), ("2.0.0", 2000000)]
)
def test_a_later_version_has_a_larger_code(name: str, code: int) -> None:
    assert Versions(name, 26, 35, 8, "2.3.0").code == code


@pytest.mark.parametrize("text", ["", "\n[versions]\napp = 3\n", '\n[versions]\napp = "1"\n'])
def test_a_catalog_that_lacks_something_is_named(text: str, tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "libs.versions.toml"
    path.write_text(text)
    monkeypatch.setattr(project, "CATALOG", path)
    with pytest.raises(InputError, match="versions of the Android app cannot be read") as caught:
        versions()
    assert caught.value.where == str(path)
    path.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        versions()


def test_the_package_goes_into_the_manifest() -> None:
    assert with_package('<manifest xmlns:a="b"/>') == (
        '<manifest package="dev.edgeship.bench" xmlns:a="b"/>'
    )


@pytest.mark.parametrize(
    "manifest", ["", "<application/>", "<manifest a='b'><manifest c='d'>", '<manifest package="x">']
)
def test_a_manifest_in_another_form_is_refused(manifest: str) -> None:
    with pytest.raises(DeviceError, match="not in Gradle's form"):
        with_package(manifest)
