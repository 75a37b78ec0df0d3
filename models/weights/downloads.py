"""Download a published checkpoint once and keep it in the user's cache folder.

The standard library does it: pooch compares whole digests only, where most publishers give a
prefix, and brings requests along; torch.hub has neither a timeout nor a limit on the size.
"""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from _edgeship.cache import cache_folder
from _edgeship.errors import InputError
from _edgeship.models.weights.checkpoint_file import file_sha256
from _edgeship.models.weights.imagenet import Published
from _edgeship.work_folders import work_folder

if TYPE_CHECKING:
    from rich.progress import Progress

_TIMEOUT_S = 30.0
_CHUNK_BYTES = 1 << 20
# For files of unknown size; the largest network of the catalog takes half of it.
_MAX_BYTES = 1 << 30
# Plain HTTP is allowed to these only: for tests, and for mirrors behind a tunnel.
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


def fetch(published: Published, folder: Path | None = None) -> Path:
    """Return a published checkpoint, downloading it if the folder has no undamaged copy.

    Even if the download is interrupted, nothing but the complete published file ever appears under
    its name. Processes that fetch the same file at once each write to a folder of their own. A
    progress bar is shown on stderr if that is a terminal.

    Args:
        published: The file, its digest, and its size if known.
        folder: Where it is kept; `cache_folder()` by default.

    Returns:
        Path of the file. Its digest was compared with the published one in this call.

    Raises:
        InputError: The file cannot be downloaded or stored, or is not the published one.
    """
    folder = cache_folder() if folder is None else folder
    path = folder / published.file
    if path.is_file() and file_sha256(path).startswith(published.sha256):
        return path
    with _storing_in(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with work_folder(folder, f"{published.file}.") as own:
            complete = own / published.file
            with complete.open("wb") as file:
                _download(published, file)
            complete.replace(path)
    return path


@contextmanager
def _storing_in(folder: Path) -> Iterator[None]:
    """Turn an OSError, which can only come from the folder here, into an InputError.

    What goes wrong on the network is an InputError already, see `_body`.
    """
    try:
        yield
    except OSError as error:
        raise InputError(
            "The download cannot be stored.",
            where=str(folder),
            why=error.strerror or str(error),
            todo="Make room there, or name another folder with EDGESHIP_CACHE.",
        ) from error


def _download(published: Published, file: IO[bytes]) -> None:
    """Write what the server sends to a file; refuse it if it is too long or has another digest."""
    digest = hashlib.sha256()
    received = 0
    limit = published.size or _MAX_BYTES
    with closing(_body(published, limit)) as chunks, _progress() as progress:
        task = progress.add_task(published.file, total=published.size)
        for chunk in chunks:
            received += len(chunk)
            if received > limit:
                raise _too_large(published, limit)
            digest.update(chunk)
            file.write(chunk)
            progress.update(task, completed=received)
    if not digest.hexdigest().startswith(published.sha256):
        raise InputError(
            f"What was downloaded is not the published {published.file}.",
            where=published.url,
            why=f"It has {received} bytes and SHA-256 {digest.hexdigest()}; the published one's "
            f"begins with {published.sha256[:16]}.",
            todo="Try again later; or get the file from its publisher, and give it with "
            "--weights FILE.",
        )


def _body(published: Published, limit: int) -> Generator[bytes, None, None]:
    """Yield what the server sends in chunks; whatever goes wrong on the way is an InputError."""
    _require_https(published.url)
    request = urllib.request.Request(  # noqa: S310  the line above has checked the scheme
        published.url, headers={"User-Agent": "edgeship"}
    )
    opener = urllib.request.build_opener(_CheckedRedirects)
    try:
        with opener.open(request, timeout=_TIMEOUT_S) as response:
            announced: int | None = response.length
            if announced is not None and announced > limit:
                raise _too_large(published, limit)
            received = 0
            while chunk := response.read(_CHUNK_BYTES):
                received += len(chunk)
                yield chunk
        if announced is not None and received < announced:
            raise _unreachable(published, f"It broke off after {received} of {announced} bytes.")
    except urllib.error.HTTPError as error:
        phrase = http.client.responses.get(error.code, "")
        raise _unreachable(published, f"The server answered {error.code} {phrase}.") from error
    except urllib.error.URLError as error:
        reason = getattr(error.reason, "strerror", None) or error.reason
        raise _unreachable(published, f"{reason}.") from error
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(published, f"{type(error).__name__}: {error}.") from error


class _CheckedRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but only to HTTPS."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Check the new address, then do what the base class does."""
        _require_https(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _require_https(url: str) -> None:
    parts = urlsplit(url)
    is_local = parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS
    if parts.scheme != "https" and not is_local:
        raise InputError("Weights are downloaded by HTTPS only.", where=url)


def _unreachable(published: Published, why: str) -> InputError:
    return InputError(
        f"{published.file} cannot be downloaded.",
        why=why,
        todo=f"Check the network; or download {published.url} elsewhere, and give the file with "
        "--weights FILE.",
    )


def _too_large(published: Published, limit: int) -> InputError:
    return InputError(
        f"What was to be downloaded is not the published {published.file}.",
        where=published.url,
        why=f"It is larger than {limit} bytes.",
        todo="Get the file from its publisher, and give it with --weights FILE.",
    )


def _progress() -> Progress:
    """Return a progress bar on stderr; it shows nothing if that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
