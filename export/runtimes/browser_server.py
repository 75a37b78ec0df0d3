"""The server that a page in a browser gets a file from, and gives its outputs to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_PAGE = Path(__file__).with_name("browser_page.html")

# No output of a file that is run here is larger; a page that sends more is not ours any more.
_MAX_BODY_BYTES = 1 << 31

_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".wasm": "application/wasm",
}


@dataclass
class Exchange:
    """What a page is given, and what it gives back.

    Attributes:
        package: The folder that holds LiteRT.js.
        data: The .tflite file.
        job: What to do, for JSON.
        inputs: Sample and port -> the bytes of an input.
        outputs: Sample and port -> the bytes of an output.
        log: What the page printed.
        device: The GPU that it computes on; "" if none.
        whole: Whether all of the file ran on it.
        failure: Why it failed; "" if it did not.
        ended: Set when the page is done, or has failed.
    """

    package: Path
    data: bytes
    job: dict[str, Any]
    inputs: dict[tuple[int, int], bytes]
    outputs: dict[tuple[int, int], bytes] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    device: str = ""
    whole: bool = False
    failure: str = ""
    ended: threading.Event = field(default_factory=threading.Event)

    def give(self, path: str) -> tuple[bytes, str] | None:
        """Return what a page asks for, and its type; None if there is no such thing."""
        first, *others = path.strip("/").split("/")
        if not first:
            return _PAGE.read_bytes(), _TYPES[".html"]
        if first == "job":
            return json.dumps(self.job).encode(), "application/json"
        if first == "file":
            return self.data, "application/octet-stream"
        if first == "input":
            return self.inputs[int(others[0]), int(others[1])], "application/octet-stream"
        if first == "package":
            return self._of_package("/".join(others))
        return None

    def take(self, path: str, body: bytes) -> None:
        """Keep what a page sends."""
        first, *others = path.strip("/").split("/")
        text = body.decode(errors="replace") if first != "output" else ""
        if first == "output":
            self.outputs[int(others[0]), int(others[1])] = body
        elif first == "log":
            self.log.append(text)
        elif first == "device":
            self.device = text
        elif first == "failed":
            self.failure = " ".join(text.split()) or "it gives no reason"
            self.ended.set()
        elif first == "done":
            self.whole = text == "whole"
            self.ended.set()

    def _of_package(self, name: str) -> tuple[bytes, str] | None:
        file = (self.package / name).resolve()
        if not file.is_relative_to(self.package.resolve()) or not file.is_file():
            return None
        return file.read_bytes(), _TYPES.get(file.suffix, "application/octet-stream")


@contextmanager
def served(exchange: Exchange) -> Iterator[str]:
    """Serve an exchange on a port of this machine that nobody else uses; its value is the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = exchange.give(self.path.partition("?")[0])
            body, kind = found or (b"", "text/plain")
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            # Without these two, a page has no memory that threads share, and no exact clock.
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            length = self.headers["Content-Length"] or "0"
            if not length.isdecimal() or int(length) > _MAX_BODY_BYTES:
                exchange.take("failed", f"the page sends {length[:20]} bytes at once".encode())
                self.send_error(413)
                return
            exchange.take(self.path, self.rfile.read(int(length)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
