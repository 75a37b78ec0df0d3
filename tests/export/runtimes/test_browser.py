"""What happens where the browser, or LiteRT.js, is missing, wrong, or does not do as it should."""

from __future__ import annotations

import stat
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.runtimes import browser_parts, browser_run
from _edgeship.export.runtimes.browser_parts import find_browser, litertjs, missing
from _edgeship.export.runtimes.browser_run import open_page
from _edgeship.export.runtimes.browser_server import Exchange, served


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of programs there is, and an empty cache."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("EDGESHIP_CACHE", str(tmp_path / "cache"))
    return folder


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def packages(folder: Path) -> str:
    """Make a folder that looks like the unpacked packages."""
    for name in ("core", "wasm-utils"):
        (folder / name / "dist").mkdir(parents=True)
        (folder / name / "dist" / "index.js").touch()
    return str(folder)


def test_without_a_browser(tools: Path) -> None:
    with pytest.raises(InputError, match="no browser that can run without a screen") as error:
        find_browser()
    assert "Debian's package chromium" in error.value.todo
    found = missing()
    assert found is not None
    assert found.what == error.value.what


def test_without_npm(tools: Path) -> None:
    program(tools, "chromium", "exit 0")
    with pytest.raises(InputError, match=r"The program npm, which fetches .* is missing"):
        litertjs()
    found = missing()
    assert found is not None
    assert browser_parts.FOLDER in found.todo


def test_npm_without_a_network(tools: Path) -> None:
    program(tools, "npm", "echo 'npm error network' >&2; exit 1")
    with pytest.raises(InputError, match=r"npm cannot fetch @litertjs/core@") as error:
        litertjs()
    assert error.value.why == "npm error network"


def test_npm_that_does_not_end(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tools, "npm", "exec sleep 60")
    monkeypatch.setattr(browser_parts, "_SECONDS", 0.5)
    with pytest.raises(InputError, match=r"npm cannot fetch @litertjs/core@") as error:
        litertjs()
    assert error.value.why == "it did not finish within 0.5 s"


def test_another_package_than_the_published_one(tools: Path, tmp_path: Path) -> None:
    program(tools, "npm", "echo other > litertjs-core-2.5.3.tgz")
    with pytest.raises(InputError, match="is not what was published") as error:
        litertjs()
    assert "SHA-256" in error.value.why
    assert not browser_parts.cached_litertjs().exists()


def test_a_folder_that_the_user_names(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tools, "chromium", "exit 0")
    monkeypatch.setenv(browser_parts.FOLDER, packages(tmp_path))
    assert litertjs() == tmp_path
    assert missing() is None
    (tmp_path / "wasm-utils" / "dist" / "index.js").unlink()
    with pytest.raises(InputError, match="names a folder without LiteRT") as error:
        litertjs()
    assert error.value.why == "there is no wasm-utils/dist/index.js"
    found = missing()
    assert found is not None
    assert found.what == error.value.what


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("echo 'no display' >&2; exit 3", "ended itself with exit code 3: no display"),
        ("kill -SEGV $$", "ended by the signal SIGSEGV"),
        ("sleep 60", "did not finish within 1 s"),
    ],
)
def test_a_browser_that_does_not_do_it(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, why: str
) -> None:
    program(tools, "chromium", text)
    monkeypatch.setenv(browser_parts.FOLDER, packages(tmp_path))
    monkeypatch.setattr(browser_run, "_LIMIT_S", 1.0 if "sleep" in text else 30.0)
    start = time.monotonic()
    with pytest.raises(VerificationError, match="The page in the browser fails") as error:
        open_page(b"", {"accelerator": "wasm"}, {})
    assert why in error.value.why
    assert time.monotonic() - start < 30


PAGE = """
import sys, time, urllib.request
for path, body in (("log", b"INFO: fine"), ("log", b"out of memory"), ("failed", b"it broke")):
    urllib.request.urlopen(sys.argv[-1] + path, body)
time.sleep(60)
"""


def test_what_a_page_says_is_in_the_error(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program in the browser's place that sends what a failing page sends."""
    page = tmp_path / "page.py"
    page.write_text(PAGE)
    program(tools, "chromium", f'exec {sys.executable} {page} "$@"')
    monkeypatch.setenv(browser_parts.FOLDER, packages(tmp_path))
    with pytest.raises(VerificationError) as error:
        open_page(b"", {"accelerator": "wasm"}, {})
    assert error.value.why == "it broke. The page printed: out of memory"


def test_a_page_gets_nothing_from_outside_of_the_package(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "a.js").write_text("a")
    (tmp_path / "secret").write_text("secret")
    with served(Exchange(package, b"file", {}, {})) as url:
        with urllib.request.urlopen(f"{url}package/a.js") as answer:  # noqa: S310
            assert answer.read() == b"a"
            assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{url}package/..%2Fsecret")  # noqa: S310
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{url}package/../secret")  # noqa: S310


def test_a_page_that_sends_too_much_has_failed(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path, b"file", {}, {})
    with served(exchange) as url:
        large = urllib.request.Request(  # noqa: S310
            f"{url}output/0/0", b"", {"Content-Length": str(1 << 40)}, method="POST"
        )
        with pytest.raises(urllib.error.HTTPError, match="413"):
            urllib.request.urlopen(large)  # noqa: S310
    assert "1099511627776 bytes at once" in exchange.failure
    assert exchange.ended.is_set()
    assert exchange.outputs == {}
