"""Where things lie in a bundle."""

from __future__ import annotations

from pathlib import PurePosixPath

from _edgeship.errors import InputError

MANIFEST = "manifest.json"
README = "README.md"
MODEL_CARD = "MODEL_CARD.md"
PAGE = "card.html"

#: The folder of the sample inputs, and the file in it that says what belongs together.
VECTORS = "vectors"
INDEX = f"{VECTORS}/vectors.json"

#: What was found on labelled pictures, where anybody asked.
EVALUATION = "evaluation.json"

#: The digests of all other files but the signature's, as ``sha256sum -c`` reads them.
SUMS = "SHA256SUMS"

#: What the names of a bundle's folder and zip file end in, behind the name of the network.
ENDING = "_bundle"


def inside(name: str) -> PurePosixPath:
    """Return a path in a bundle that somebody else wrote down.

    Raises:
        InputError: It leads out of the bundle, or is no plain path.
    """
    path = PurePosixPath(name)
    plain = path.parts and name == str(path) and not path.is_absolute()
    if (
        not plain
        or ".." in path.parts
        or "\\" in name
        or ":" in path.parts[0]
        or not name.isprintable()
    ):
        raise InputError(
            f"The bundle names the file {name!r}.",
            why="the files of a bundle lie in it, and are named by plain paths with slashes",
            todo="ask whoever made it for another one",
        )
    return path


def lone(name: str) -> str:
    """Return the name of a file that lies in the folder of its manifest.

    Raises:
        InputError: It is a path, or hidden.
    """
    if len(inside(name).parts) != 1 or name.startswith("."):
        raise InputError(
            f"The manifest names the file {name!r}.",
            why="files lie beside their manifest, and are not hidden",
            todo="export again",
        )
    return name
