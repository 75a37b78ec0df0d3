"""Signatures of a bundle's list of hashes, in the format of minisign.

The keys and signatures are those of the program minisign (https://jedisct1.github.io/minisign/), so
that whoever gets a bundle can check it without edgeship: ``minisign -Vm SHA256SUMS -p KEY.pub``.
Signatures are of the prehashed kind (``ED``): Ed25519 over the BLAKE2b-512 of the data.
"""

from __future__ import annotations

import getpass
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _edgeship.errors import InputError, VerificationError
from _edgeship.files import read_bytes

#: The signature's name in a bundle, as minisign looks for it beside SHA256SUMS.
NAME = "SHA256SUMS.minisig"

#: Where the password of a secret key may stand, for runs without a terminal.
PASSWORD = "EDGESHIP_SIGNING_PASSWORD"  # noqa: S105  (the name of a variable)

#: The largest key or signature that is read; minisign's are below 10 kB.
_MOST_BYTES = 64 << 10

#: A public key as a line of text: the letters ``Ed``, its number and the key, 42 bytes in base64.
_BARE = re.compile(r"RW[A-Za-z0-9+/]{54}")

#: In the signature, and covered by it. It holds no time: equal bundles have equal signatures.
_COMMENT = "file:SHA256SUMS\thashed"


def ask_password() -> str:
    """Return the password of a secret key, from the environment or typed blindly on the terminal.

    Raises:
        InputError: There is neither.
    """
    given = os.environ.get(PASSWORD)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise InputError(
            "The secret key is protected by a password.",
            why="there is no terminal to ask for it",
            todo=f"set the environment variable {PASSWORD}",
        )
    return getpass.getpass("Password of the secret key: ")


def sign(
    data: bytes, key: Path, comment: str = _COMMENT, password: Callable[[], str] = ask_password
) -> bytes:
    """Return the signature of some data, as minisign writes it to a file.

    Args:
        data: What is signed.
        key: A secret key, as ``minisign -G`` writes it.
        comment: A line that the signature shows and covers.
        password: Is asked where the key is protected.

    Raises:
        InputError: The key cannot be read or is none, or the password is wrong.
    """
    minisign = _library()
    with _parsed(key, minisign.SecretKey.from_bytes, _small(key), "secret key") as secret:
        if secret.is_encrypted():
            _unlock(secret, key, password())
        return bytes(secret.sign(data, trusted_comment=comment)) + b"\n"


def check(data: bytes, signature: bytes, public_key: str) -> str:
    """Check that data were signed with the secret key of a public one.

    Args:
        data: What was signed.
        signature: The content of the file of the signature.
        public_key: The file of the public key, or the key itself, as ``minisign -P`` takes it.

    Returns:
        What was checked, in words, with the comment that the signature covers.

    Raises:
        InputError: The public key cannot be read or is none.
        VerificationError: The signature is of other data or of another key, or is none.
    """
    minisign = _library()
    known = _public_key(minisign, public_key)
    try:
        read = minisign.Signature.from_bytes(signature)
        known.verify(data, read)
    except minisign.VerifyError as error:
        raise VerificationError(
            "The signature is not one of these files by this key.",
            why="it was made with another key"
            if "identifier" in str(error)
            else "what was signed is not what is here",
            todo="do not use the files; ask who sent them for the right ones, or for their key",
        ) from error
    except ValueError as error:  # of this library's, and of its parsers
        raise VerificationError(
            "The signature cannot be read.", why=str(error), todo="get the files again"
        ) from error
    comment = " ".join(read.trusted_comment.split())
    return f"signed with the key {known.to_base64().decode()} ({comment})"


def _unlock(secret: Any, key: Path, password: str) -> None:
    try:
        secret.decrypt(password)
    except ValueError as error:
        raise InputError(f"The secret key {key} cannot be unlocked.", why=str(error)) from error
    except MemoryError as error:
        raise InputError(
            f"The secret key {key} cannot be unlocked.",
            why="unlocking it takes up to 1 GiB of memory, and there is less",
        ) from error


def _public_key(minisign: Any, text: str) -> Any:
    if _BARE.fullmatch(text):
        return _parsed(text, minisign.PublicKey.from_base64, text.encode(), "public key")
    return _parsed(text, minisign.PublicKey.from_bytes, _small(Path(text)), "public key")


def _parsed(place: Path | str, parse: Callable[[bytes], Any], data: bytes, kind: str) -> Any:
    try:
        return parse(data)
    except ValueError as error:
        raise InputError(
            f"{place} is no {kind} of minisign.",
            why=str(error),
            todo="`minisign -G -p KEY.pub -s KEY.key` makes a pair",
        ) from error


def _library() -> Any:
    try:
        import minisign
    except ModuleNotFoundError as error:
        raise InputError(
            "Signing and checking signatures needs the Python package py-minisign.",
            todo="pip install 'edgeship[signing]'",
        ) from error
    return minisign


def _small(path: Path) -> bytes:
    data = read_bytes(path)
    if len(data) > _MOST_BYTES:
        raise InputError(f"{path} is no key of minisign.", why=f"it has {len(data):,} bytes")
    return data
