"""Everything in a bundle checked, one line for each check; nothing in it is trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from _edgeship.errors import EdgeshipError, InputError, VerificationError
from _edgeship.export.bundle.check import Check, check, failed
from _edgeship.export.bundle.content_checks import (
    check_artifact,
    check_digests,
    check_labels,
    check_signature,
)
from _edgeship.export.bundle.generated import code_of
from _edgeship.export.bundle.layout import INDEX, MANIFEST, MODEL_CARD, PAGE, README, SUMS, lone
from _edgeship.export.bundle.opening import opened
from _edgeship.export.bundle.vector_checks import check_code, check_file
from _edgeship.export.bundle.vectors import Index, read_index
from _edgeship.export.checks.opening import open_model
from _edgeship.export.contract.manifest import Artifact, Manifest
from _edgeship.export.contract.recorded import read_manifest
from _edgeship.files import read_bytes

#: What every bundle has, beside its model files.
_ALWAYS = (SUMS, MANIFEST, INDEX, README, MODEL_CARD, PAGE)


def check_bundle(
    path: Path, key: str | None = None, report: Callable[[str], None] = lambda stage: None
) -> list[Check]:
    """Check a bundle.

    Args:
        path: Its folder or its zip file.
        key: Public key that the signature is to be of, if that is asked for.
        report: Told each stage as it begins.

    Raises:
        InputError: It is no bundle, or not one that may be unpacked; or the key is none.
    """
    report("open")
    with opened(path) as folder:
        manifest = read_manifest(folder / MANIFEST) if (folder / MANIFEST).is_file() else None
        if manifest is None:
            raise InputError(
                f"{path} is no bundle.",
                why=f"it holds no {MANIFEST} of edgeship",
                todo="`python -m export bundle MODEL` makes one",
            )
        if not any((folder / name).is_file() for name in (SUMS, INDEX)):
            raise InputError(
                f"{path} is no bundle.",
                why=f"it holds an export, but no {SUMS} and no {INDEX}",
                todo=f"`python -m export bundle {path}` makes one of it; or name a file in it",
            )
        return list(_checks(folder, manifest, key, report))


def _checks(
    folder: Path, manifest: Manifest, key: str | None, report: Callable[[str], None]
) -> Iterator[Check]:
    missing = [f"{name} is missing" for name in _ALWAYS if not (folder / name).is_file()]
    yield check("parts", f"that {', '.join(_ALWAYS)} are there", missing)
    if (folder / SUMS).is_file():
        report("digests")
        yield _done("digests", lambda: check_digests(folder))
        try:
            signature = check_signature(folder, key)
        except VerificationError as error:
            signature = failed("signature", error)
        if signature is not None:
            yield signature
    if manifest.labels:
        yield _done("labels", lambda: check_labels(folder, manifest))
    index = None
    if (folder / INDEX).is_file():
        try:
            index = read_index(read_bytes(folder / INDEX))
        except InputError as error:
            yield failed(INDEX, error)
    for artifact in manifest.artifacts:
        report(artifact.file)
        yield from _of_artifact(folder, manifest, artifact, index)
    report("code")
    yield from _of_code(folder, manifest, index)


def _of_artifact(
    folder: Path, manifest: Manifest, artifact: Artifact, index: Index | None
) -> Iterator[Check]:
    try:
        model = open_model(folder / lone(artifact.file))
    except EdgeshipError as error:
        yield failed(artifact.file, error)
        return
    yield _done(artifact.file, lambda: check_artifact(folder, manifest, artifact, model))
    if index is not None:
        record = index.of
        yield _done(
            f"{artifact.file} on its vectors",
            lambda: check_file(folder, artifact, record(artifact.file), model),
        )


def _of_code(folder: Path, manifest: Manifest, index: Index | None) -> Iterator[Check]:
    """Compare the code with what is generated from the manifest, and run that of Python."""
    try:
        code = code_of(manifest)
    except EdgeshipError as error:
        yield failed("code", error)
        return
    problems = [
        f"{path} is missing" if not (folder / path).is_file() else f"{path} is another"
        for path, data in code.files.items()
        if not (folder / path).is_file() or read_bytes(folder / path) != data
    ]
    from importlib import metadata

    compared = f"{len(code.files)} files with what is generated from {MANIFEST}"
    made_with = manifest.versions.get("edgeship", "")
    if problems and made_with != metadata.version("edgeship"):
        yield Check(
            "code", compared, skipped=f"edgeship {made_with} made it, and this version differs"
        )
    elif code.files:
        yield check("code", compared, problems)
    for artifact in manifest.artifacts:
        for script in (path for path in code.by_file[artifact.file] if path.endswith(".py")):
            if index is not None and (folder / script).is_file():
                yield _done(
                    f"{script} on the vectors",
                    lambda artifact=artifact, script=script: check_code(  # type: ignore[misc]
                        folder, artifact, index.of(artifact.file), script, code.files[script]
                    ),
                )


def _done(name: str, made: Callable[[], Check | None]) -> Check:
    """Return a check, which an error makes one that failed."""
    try:
        return made() or Check(name, "")
    except EdgeshipError as error:
        return failed(name, error)
