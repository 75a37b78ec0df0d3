"""What the metadata of an .aimodel says for people and for apps."""

from __future__ import annotations

from typing import Any

from _edgeship.export.contract.port_words import input_words, output_words
from _edgeship.export.contract.target import Job
from _edgeship.export.coreai.building.ports import ProgramIO
from _edgeship.export.coreml.description import describe


def said_of(job: Job, io: ProgramIO) -> dict[str, Any]:
    """Return the metadata of a job's folders.

    Args:
        job: What is exported.
        io: The inputs and outputs of its programs.

    Returns:
        ``author``, ``license`` and ``model_description``; further facts by names that begin with
        ``edgeship.``, what inputs and outputs hold (``ports``), and the names of classes by output
        (``labels``).
    """
    words = describe(job.network, job.model, job.preprocess, job.onnx_sha256, job.about)
    known: dict[str, Any] = {
        "author": words.author,
        "license": words.license,
        "model_description": words.short,
        "version": words.version,
        **words.entries,
    }
    ports = _ports(job, io)
    if ports:
        known["ports"] = ports
    names = {port.onnx_name: port.name for port in io.outputs}
    labels = {names[o]: list(classes) for o, classes in job.labels.items() if o in names}
    if labels:
        known["labels"] = labels
    return known


def _ports(job: Job, io: ProgramIO) -> dict[str, str]:
    """Return input or output -> what it holds; those of which nothing is known, not."""
    given, made = input_words(job), output_words(job)
    found = {
        port.name: given[port.onnx_name].description
        for port in io.inputs
        if port.onnx_name in given
    }
    found |= {
        port.name: made[port.onnx_name].description for port in io.outputs if port.onnx_name in made
    }
    return {name: words for name, words in found.items() if words}
