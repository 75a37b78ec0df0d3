"""`edgeship.bundle`: what an app team needs, in one folder and zip file; and its checks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgeship.progress import Progress, shown
from edgeship.results import Bundle, Result

if TYPE_CHECKING:
    from _edgeship.export.bundle.check import Check


def bundle(
    exported: Result | str | Path,
    *,
    pictures: str | Path | None = None,
    calib: str | Path | None = None,
    eval_data: str | Path | None = None,
    key: str | Path | None = None,
    out: str | Path | None = None,
    progress: Progress = None,
) -> Bundle:
    """Make a bundle of exported files with all that an app team needs to use them.

    It holds the files, labels, sample inputs and the outputs to expect, code for Android, iOS and
    Python, a card that says where everything comes from, and a README.

    Args:
        exported: What `export` returned, of which just its files are taken; or a folder of files
            that were exported before, of which all are.
        pictures: A folder or a zip file of pictures, of which three become the sample inputs; by
            default some that come with edgeship.
        calib: Where sample inputs come from that are no pictures, as for `export`.
        eval_data: Labelled pictures, as ``data`` of `evaluate`: the accuracy of all files on them
            is written into the card.
        key: Secret key of minisign to sign the list of digests with.
        out: Folder that the bundle and its zip file are to appear in; that of the files by
            default.
        progress: As for `export`.

    Raises:
        InputError: There is no manifest.json, or a file or picture cannot be read.
        VerificationError: A file is not the one that was exported, or does not run.
    """
    from _edgeship.export.bundle.making import Wishes, make

    folder, only = Path(str(exported)), None
    if isinstance(exported, Result):
        folder, only = exported.folder, {file.path.name for file in exported.files}
    wishes = Wishes(
        pictures=None if pictures is None else Path(pictures),
        calib=None if calib is None else str(calib),
        labelled=None if eval_data is None else Path(eval_data),
        key=None if key is None else Path(key),
    )
    with shown(progress) as report:
        made = make(folder, wishes, only, None if out is None else Path(out), report)
    return Bundle(made.folder, made.archive, made.files, made.facts.warnings)


def verify_bundle(
    path: str | Path, *, key: str | Path | None = None, progress: Progress = None
) -> tuple[Check, ...]:
    """Check a bundle: digests, signature, what the files say of themselves, and what they compute.

    Args:
        path: Its folder or zip file.
        key: Public key that it must be signed with: a file of minisign, or its second line.
        progress: As for `export`.

    Returns:
        The checks in order; one that failed has a ``problem``.

    Raises:
        InputError: It is no bundle.
    """
    from _edgeship.export.bundle.checking import check_bundle

    with shown(progress) as report:
        return tuple(check_bundle(Path(path), None if key is None else str(key), report))
