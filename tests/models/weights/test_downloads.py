"""Downloads from a server in this process: what arrives, what is refused, what stays behind."""

import hashlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from _edgeship.errors import InputError
from _edgeship.models.weights import downloads
from _edgeship.models.weights.checkpoints import load_weights
from _edgeship.models.weights.downloads import fetch
from _edgeship.models.weights.imagenet import Published

Handler = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    """A server whose one answer the test writes; it counts the requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.answer: Handler = _status(404)
        self.requests = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/weights.pth"


class _Requests(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Server)
        self.server.requests += 1
        self.server.answer(self)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""


def _status(code: int, **headers: str) -> Handler:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for key, value in headers.items():
            request.send_header(key, value)
        request.end_headers()

    return answer


def _body(content: bytes, length: int | None = None) -> Handler:
    """Answer with the content, whatever length is announced; without any if that is negative."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        if length is None or length >= 0:
            request.send_header("Content-Length", str(len(content) if length is None else length))
        request.end_headers()
        request.wfile.write(content)

    return answer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


@pytest.fixture(scope="module")
def content(network: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("made") / "weights.pth"
    torch.save(network.state_dict(), path)
    return path.read_bytes()


def _published(server: Server, content: bytes, **changes: Any) -> Published:
    published = Published(
        url=server.url,
        file="weights.pth",
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        publisher="this test",
        licence="CC0-1.0",
        top1=0.1,
    )
    return replace(published, **changes)


def _refusal(published: Published, folder: Path) -> InputError:
    """Return the refusal of a download, having checked that it left nothing in the folder."""
    with pytest.raises(InputError) as caught:
        fetch(published, folder)
    assert not folder.exists() or not [*folder.iterdir()]
    return caught.value


@pytest.mark.parametrize("digits", [8, 10, 64])
def test_the_published_file_loads(
    server: Server, network: nn.Module, content: bytes, tmp_path: Path, digits: int
) -> None:
    server.answer = _body(content)
    published = _published(server, content)
    path = fetch(replace(published, sha256=published.sha256[:digits]), tmp_path / "new" / "cache")
    assert path == tmp_path / "new" / "cache" / "weights.pth"
    assert path.read_bytes() == content
    assert [*path.parent.iterdir()] == [path]
    loaded = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    load_weights(loaded, path)
    for ours, theirs in zip(loaded.parameters(), network.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_cached_copy_needs_no_request(server: Server, content: bytes, tmp_path: Path) -> None:
    server.answer = _body(content)
    published = _published(server, content)
    path = fetch(published, tmp_path)
    before = path.stat().st_mtime_ns
    assert fetch(published, tmp_path) == path
    assert (server.requests, path.stat().st_mtime_ns) == (1, before)


def test_a_damaged_copy_is_fetched_again(server: Server, content: bytes, tmp_path: Path) -> None:
    server.answer = _body(content)
    path = tmp_path / "weights.pth"
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    fetch(_published(server, content), tmp_path)
    assert path.read_bytes() == content
    assert server.requests == 1


@pytest.mark.parametrize("size_is_known", [True, False])
def test_another_file_is_refused(
    server: Server, content: bytes, tmp_path: Path, size_is_known: bool
) -> None:
    """As a page that says the quota is used up, which comes with status 200."""
    server.answer = _body(b"<html>Quota exceeded</html>")
    published = _published(server, content, size=len(content) if size_is_known else None)
    error = _refusal(published, tmp_path)
    assert error.what == "What was downloaded is not the published weights.pth."
    assert hashlib.sha256(b"<html>Quota exceeded</html>").hexdigest() in error.why
    assert "--weights FILE" in error.todo


def test_a_truncated_body_is_refused(server: Server, content: bytes, tmp_path: Path) -> None:
    server.answer = _body(content[:100], length=len(content))
    error = _refusal(_published(server, content), tmp_path)
    assert error.what == "weights.pth cannot be downloaded."
    assert error.why == f"It broke off after 100 of {len(content)} bytes."


@pytest.mark.parametrize("announced", [True, False])
def test_an_oversized_body_is_refused(
    server: Server, content: bytes, tmp_path: Path, announced: bool
) -> None:
    server.answer = _body(content + b"0", length=None if announced else -1)
    error = _refusal(_published(server, content), tmp_path)
    assert error.why == f"It is larger than {len(content)} bytes."


def test_a_body_of_unknown_size_has_a_limit_too(
    server: Server, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "_MAX_BYTES", 10)
    server.answer = _body(content, length=-1)
    error = _refusal(_published(server, content, size=None), tmp_path)
    assert error.why == "It is larger than 10 bytes."


def test_without_a_network_there_is_one_sentence(
    server: Server, content: bytes, tmp_path: Path
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody listens there
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/weights.pth"
        error = _refusal(_published(server, content, url=url), tmp_path)
    assert str(error).splitlines() == [
        "weights.pth cannot be downloaded.",
        "  why: Connection refused.",
        f"  do: Check the network; or download {url} elsewhere, and give the file with "
        "--weights FILE.",
    ]


def test_an_unknown_host_is_explained(server: Server, content: bytes, tmp_path: Path) -> None:
    published = _published(server, content, url="https://nowhere.invalid/weights.pth")
    error = _refusal(published, tmp_path)
    assert error.what == "weights.pth cannot be downloaded."
    assert "https://nowhere.invalid/weights.pth elsewhere" in error.todo


@pytest.mark.parametrize(("code", "phrase"), [(404, "Not Found"), (503, "Service Unavailable")])
def test_an_http_error_is_explained(
    server: Server, content: bytes, tmp_path: Path, code: int, phrase: str
) -> None:
    server.answer = _status(code)
    error = _refusal(_published(server, content), tmp_path)
    assert error.why == f"The server answered {code} {phrase}."


def test_a_silent_server_is_given_up(
    server: Server, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()

    def answer(_: BaseHTTPRequestHandler) -> None:
        answered.wait(10)

    server.answer = answer
    monkeypatch.setattr(downloads, "_TIMEOUT_S", 0.05)
    error = _refusal(_published(server, content), tmp_path)
    answered.set()
    assert "timed out" in error.why


def test_a_redirect_is_followed(server: Server, content: bytes, tmp_path: Path) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        is_first = server.requests == 1
        (_status(302, Location="/elsewhere") if is_first else _body(content))(request)

    server.answer = answer
    assert fetch(_published(server, content), tmp_path).read_bytes() == content
    assert server.requests == 2


@pytest.mark.parametrize("target", ["http://example.org/weights.pth", "ftp://127.0.0.1/w.pth"])
def test_only_https_is_spoken(server: Server, content: bytes, tmp_path: Path, target: str) -> None:
    """Neither by the table nor by a redirect."""
    server.answer = _status(302, Location=target)
    for published in (_published(server, content, url=target), _published(server, content)):
        error = _refusal(published, tmp_path)
        assert (error.what, error.where) == ("Weights are downloaded by HTTPS only.", target)
    assert server.requests == 1


def test_an_interruption_leaves_no_file(
    server: Server, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Iterator[bytes]:
        yield content[:100]
        assert len([*tmp_path.iterdir()]) == 1  # something is being written
        raise KeyboardInterrupt

    monkeypatch.setattr(downloads, "_body", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch(_published(server, content), tmp_path)
    assert [*tmp_path.iterdir()] == []


def test_a_folder_that_cannot_be_written(server: Server, content: bytes, tmp_path: Path) -> None:
    server.answer = _body(content)
    folder = tmp_path / "file"
    folder.write_text("not a folder")
    with pytest.raises(InputError, match="cannot be stored") as caught:
        fetch(_published(server, content), folder)
    assert caught.value.where == str(folder)
    assert "EDGESHIP_CACHE" in caught.value.todo


def test_processes_at_once_do_not_disturb_each_other(
    server: Server, content: bytes, tmp_path: Path
) -> None:
    """All of them are in the middle of the body before the first may end."""
    count = 3
    together = threading.Barrier(count)

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content[:100])
        together.wait(60)
        request.wfile.write(content[100:])

    server.answer = answer
    code = "import sys; from _edgeship.models.weights.downloads import *; "
    code += "from _edgeship.models.weights.imagenet import Published; "
    code += f"print(fetch({_published(server, content)!r}))"
    environment = {**os.environ, "EDGESHIP_CACHE": str(tmp_path)}
    processes = [
        subprocess.Popen(  # noqa: S603  our own code
            [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(count)
    ]
    outputs = [process.communicate(timeout=60)[0].strip() for process in processes]
    path = tmp_path / "weights.pth"
    assert outputs == [str(path)] * count
    assert [*tmp_path.iterdir()] == [path]
    assert path.read_bytes() == content


def test_nothing_is_printed_where_there_is_no_terminal(
    server: Server, content: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    server.answer = _body(content)
    fetch(_published(server, content), tmp_path)
    assert capfd.readouterr() == ("", "")
