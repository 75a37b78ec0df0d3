"""The list of targets and the order of all stages, from what the user named to verified files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from _edgeship.artifacts import OutputFolder
from _edgeship.errors import EdgeshipError, VerificationError
from _edgeship.export.contract.choices import check_request, schemes_for
from _edgeship.export.contract.request import Request
from _edgeship.export.contract.stage_log import StageLog, StageResult
from _edgeship.export.contract.target import Job, Prepared, Target, Written
from _edgeship.export.coreai.target import COREAI
from _edgeship.export.coreml.target import COREML
from _edgeship.export.judging import (
    measure_yardstick,
    own_yardstick,
    part_records,
    verify_written,
)
from _edgeship.export.onnx.target import ONNX
from _edgeship.export.preparing import load, make_ready
from _edgeship.export.tflite.target import TFLITE
from _edgeship.files import read_bytes

if TYPE_CHECKING:
    from _edgeship.export.contract.manifest import Artifact, Manifest
    from _edgeship.export.contract.schemes import Scheme
    from _edgeship.export.keeping import Keeping
    from _edgeship.export.network.network import Network
    from _edgeship.export.range_choice import Choice
    from _edgeship.export.verification.parity import Parity
    from _edgeship.export.verification.yardstick import Yardstick

#: All targets, by what --to calls them.
TARGETS: dict[str, Target] = {target.name: target for target in (TFLITE, COREML, COREAI, ONNX)}


@dataclass(frozen=True)
class Result:
    """What an export did and wrote.

    Attributes:
        stages: One row each.
        files: What was written, the manifest last.
        notes: Remarks for the user.
        manifest: Of these files; manifest.json also lists those of earlier exports in the folder.
    """

    stages: tuple[StageResult, ...]
    files: tuple[Path, ...]
    notes: tuple[str, ...]
    manifest: Manifest


class IncompleteError(VerificationError):
    """Some files were verified and written, and others were not.

    Attributes:
        result: What was written.
        failures: File that was not written -> why.
    """

    def __init__(self, result: Result, failures: Mapping[str, EdgeshipError]) -> None:
        first = next(iter(failures.values()))
        super().__init__(
            f"Not written: {', '.join(failures)}. The other files were.",
            where=first.where,
            why=" ".join(f"{first.what} {first.why}".split()),
            todo=first.todo,
        )
        self.exit_code = first.exit_code
        self.result = result
        self.failures = failures


def export(request: Request, report: Callable[[str], None] = lambda stage: None) -> Result:
    """Export a network; every stage is compared with the network itself.

    Args:
        request: What to do.
        report: Told the name of each stage as it begins.

    Raises:
        EdgeshipError: Of the kind that says whose fault it is. After a failed verification, no
            file stands at the final names.
        IncompleteError: Some files failed; the others were written, with a manifest.
    """
    from _edgeship.export.contract.recorded import MANIFEST
    from _edgeship.export.merging import merged

    check_request(request, TARGETS)
    log = StageLog(report)
    network = load(request, log)
    folder = OutputFolder(request.out or Path("build") / network.name)
    try:
        with network, folder:
            manifest, failures = _run_stages(request, network, folder, log)
            with folder.alone():  # another export may have written a manifest there meanwhile
                folder.write(MANIFEST, merged(manifest, folder.path, folder.names).to_bytes())
                files = folder.publish(failures)
    except VerificationError:
        _set_aside(folder)
        raise
    result = Result(tuple(log.stages), tuple(files), tuple(log.notes), manifest)
    if failures:
        raise IncompleteError(result, failures)
    return result


def _set_aside(folder: OutputFolder) -> None:
    """Set aside what an export that failed would have replaced; other files keep their entries."""
    from _edgeship.export.contract.recorded import MANIFEST
    from _edgeship.export.merging import without

    if not folder.path.is_dir():
        return
    with OutputFolder(folder.path) as again, again.alone():
        left = without(folder.path, folder.names)
        if left is None:
            folder.set_aside(MANIFEST)
            return
        folder.set_aside()
        again.write(f"{MANIFEST}.previous", read_bytes(folder.path / MANIFEST))
        again.write(MANIFEST, left.to_bytes())
        again.publish()


def _run_stages(
    request: Request, network: Network, folder: OutputFolder, log: StageLog
) -> tuple[Manifest, dict[str, EdgeshipError]]:
    """Return what the manifest is to say, and the files that failed, each with the reason.

    Raises:
        EdgeshipError: A stage fails that all files need, or every file fails.
    """
    from _edgeship.export.contract.labels import label_files
    from _edgeship.export.contract.manifest import GraphFile
    from _edgeship.export.keeping import kept_in_float
    from _edgeship.export.lowering.cutting import advised
    from _edgeship.export.recording import manifest_of

    graph_name = f"{network.name}.onnx"
    for file in (graph_name, *_file_names(request, network.name)):
        folder.reserve(file)
    ready = make_ready(request, network, _calibrated(request), log)
    job = ready.job
    graph_file = GraphFile(file=graph_name, sha256=job.onnx_sha256)
    folder.write(graph_file.file, ready.onnx)
    kept = kept_in_float(ready, log)
    rounds = any(scheme.rounds for scheme in _all_schemes(request))
    yardstick = measure_yardstick(job, log) if rounds else None
    artifacts: list[Artifact] = []
    failures: dict[str, EdgeshipError] = {}
    for name in request.targets:
        target = TARGETS[name]
        own = replace(job, schemes=schemes_for(target, request.schemes))
        with advised(ready.captured, network.tensors):
            written, failed = _write_files(target, own, yardstick, kept, folder, log)
        artifacts += written
        failures |= failed
    if not artifacts:
        raise next(iter(failures.values()))
    for file, data in label_files(job.labels).items():
        folder.write(file, data)
    manifest = manifest_of(
        job, ready.inputs, ready.samples, graph_file, artifacts, _calibrated(request), log
    )
    return manifest, failures


def _all_schemes(request: Request) -> list[Scheme]:
    return [
        scheme for name in request.targets for scheme in schemes_for(TARGETS[name], request.schemes)
    ]


def _file_names(request: Request, network: str) -> Iterator[str]:
    """Yield the names of the files that are asked for."""
    for target in (TARGETS[name] for name in request.targets):
        for scheme in schemes_for(target, request.schemes):
            yield target.file_name(network, scheme)


def _write_files(
    target: Target,
    job: Job,
    yardstick: Yardstick | None,
    kept: Keeping,
    folder: OutputFolder,
    log: StageLog,
) -> tuple[list[Artifact], dict[str, EdgeshipError]]:
    """Write and verify the files of one target.

    Returns:
        Those that were written, and those that cannot be or compute something else, each with its
        error, which names the first tensor that is wrong. No file fails for another's sake, unless
        it is made of it.

    Raises:
        InputError: The network does not have the inputs and outputs asked for.
        UnsupportedError: An operator cannot be lowered.
    """
    names = {scheme.name: target.file_name(job.network.name, scheme) for scheme in job.schemes}
    with ExitStack() as stack:
        if target.library:
            with log.stage(f"import {target.library}"):
                log.done(stack.enter_context(target.session()))
        with log.stage(f"lower to {target.title}"):
            prepared = target.lower(job)
            log.done(prepared.detail, prepared.parity)
        choices = _choices(target, prepared, job, log)

        made: dict[str, Artifact | None] = {}
        failed: dict[str, EdgeshipError] = {}

        def make(scheme: Scheme) -> Artifact | None:
            with log.stage(f"{target.title} {scheme.name}", noise=scheme.rounds):
                if scheme.base in failed:
                    base = failed[scheme.base]
                    raise VerificationError(
                        f"It is made of the {scheme.base} file. {base.what}",
                        why=base.why,
                        todo=base.todo,
                    )
                choice = choices.get(scheme.name)
                ranges = {} if choice is None else choice.ranges
                keep = kept.for_file(target, scheme, prepared, ranges)
                written = prepared.write(scheme, ranges, keep.values)
                own = own_yardstick(written, yardstick) if scheme.rounds else None
                parity = verify_written(target, scheme, job, prepared, written, own)
                keep.demand(parity)
                asked = scheme.name in names
                detail = "; ".join(filter(None, (written.detail, keep.in_words)))
                detail = detail if asked else f"{detail}; verified and not kept"
                log.done(detail, parity, _warning(written, scheme, parity))
            if not asked:
                return None
            file = names[scheme.name]
            written.save(file, folder)
            worst_db = None if own is None else own.worst_db
            record = written.record(file, parity, worst_db)
            update = {"part": parity.part, "parts": part_records(parity, own)}
            if choice is not None:
                update["ranges"] = choice.observer
            if keep.layers:
                update["keep_float"] = keep.record()
            return record.model_copy(update=update)

        for scheme in _in_order(target, job.schemes):
            try:
                made[scheme.name] = make(scheme)
            except VerificationError as error:
                log.failed(error)
                failed[scheme.name] = error
    log.notes += prepared.notes
    order = [scheme.name for scheme in job.schemes]
    artifacts = [one for one in map(made.get, order) if one is not None]
    return artifacts, {names[name]: failed[name] for name in order if name in failed}


def _choices(target: Target, prepared: Prepared, job: Job, log: StageLog) -> dict[str, Choice]:
    """Return the ranges for each scheme that is calibrated, by its name."""
    from _edgeship.export.range_choice import choose_ranges

    calibrated = [scheme for scheme in job.schemes if scheme.calibrated]
    if not calibrated:
        return {}
    with log.stage(f"calibrate {target.title}"):
        observed = prepared.calibrate()
        exact = target.schemes["none"]
        choices = {
            scheme.name: choose_ranges(prepared, observed, scheme, exact, job)
            for scheme in calibrated
        }
        words = [f"{name}: {choice.in_words}" for name, choice in choices.items()]
        seen = f"{len(observed.histograms)} tensors on {len(job.samples)} samples"
        log.done("; ".join([seen, *words]))
    return choices


def _in_order(target: Target, schemes: Sequence[Scheme]) -> list[Scheme]:
    """Return the schemes with the base of each before it, whether it was asked for or not."""
    ordered: dict[str, Scheme] = {}
    for scheme in schemes:
        if scheme.base:
            ordered.setdefault(scheme.base, target.schemes[scheme.base])
        ordered.setdefault(scheme.name, scheme)
    return list(ordered.values())


def _warning(written: Written, scheme: Scheme, parity: Parity) -> str:
    from _edgeship.export.verification.tolerance import warn

    remarks = (warn(parity, scheme.tolerance) or "", written.warning)
    return "; ".join(remark for remark in remarks if remark)


def _calibrated(request: Request) -> bool:
    return any(scheme.calibrated for scheme in _all_schemes(request))
