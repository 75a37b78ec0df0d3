"""What is asked of our measuring core, in words; runners/native/options.c reads them.

The core is the native runner's program and the app's library: both take the same words.
"""

from __future__ import annotations

from _edgeship.device_bench.runners.base import Job
from _edgeship.errors import InputError

# A process ends after this many runs even if its time is not up: at 50 us a run they take half a
# second.
_ENOUGH_RUNS = 10_000

# More would not fit into a report.
_MOST_RUNS = 100_000


def core_words(job: Job) -> list[str]:
    """Return the words for a job, without those that say where its outputs go.

    Raises:
        InputError: More runs are asked for than a report can hold.
    """
    settings = job.settings
    asked = max(settings.runs, settings.warmup_runs)
    if asked > _MOST_RUNS:
        raise InputError(
            f"A report cannot hold {asked} runs of a process.",
            todo=f"Ask for {_MOST_RUNS} at most, and for more rounds.",
        )
    words = ["--model", job.model]
    for path in job.inputs:
        words += ["--input", path]
    if settings.cores:
        words += ["--cores", ",".join(map(str, settings.cores))]
    if job.want_profile:
        words.append("--profile")
    return [
        *words,
        *("--accelerator", settings.accelerator),
        *("--threads", str(settings.threads)),
        *("--warmup-runs", str(settings.warmup_runs)),
        *("--warmup-ns", str(round(settings.warmup_seconds * 1e9))),
        *("--runs", str(settings.runs)),
        *("--run-ns", str(round(settings.seconds * 1e9))),
        *("--max-runs", str(max(_ENOUGH_RUNS, asked))),
    ]
