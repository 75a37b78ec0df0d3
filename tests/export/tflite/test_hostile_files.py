"""Files of anybody's that do not hold together: each command says so in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema

from tests.export.command_line import run
from tests.export.tflite.schema_models import classifier


def _written(folder: Path, damage: Callable[[schema.ModelT], None]) -> Path:
    """Write a classifier with something changed."""
    model = schema.ModelT.InitFromPackedBuf(classifier(), 0)
    damage(model)
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    path = folder / "net.tflite"
    path.write_bytes(bytes(builder.Output()))
    return path


def _no_text(model: schema.ModelT) -> None:
    for tensor in model.subgraphs[0].tensors:
        tensor.name = b"\xff\xfe"


def _shape(*extents: int) -> Callable[[schema.ModelT], None]:
    def damage(model: schema.ModelT) -> None:
        graph = model.subgraphs[0]
        graph.tensors[graph.inputs[0]].shape = list(extents)

    return damage


@pytest.mark.parametrize("words", [("verify",), ("inspect", "--delegates")])
def test_names_that_are_no_text(tmp_path: Path, words: tuple[str, ...]) -> None:
    path = _written(tmp_path, _no_text)
    printed, errors = run(*words, path, code=3)
    assert "cannot tell what the file holds" in printed + errors
    run("inspect", path)


@pytest.mark.parametrize(
    ("extents", "what"),
    [
        ((2**20, 2**8, 8, 3), "The inputs of the network take 24.0 GiB; 256 MiB is the most."),
        ((0, 8, 8, 3), "No samples can be made for the input input."),
        ((-5, 8, 8, 3), "No samples can be made for the input input."),
        ((), "No samples can be made for the input input."),
    ],
)
def test_inputs_that_nothing_can_be_made_for(
    tmp_path: Path, extents: tuple[int, ...], what: str
) -> None:
    _, errors = run("verify", _written(tmp_path, _shape(*extents)), code=2)
    assert errors.startswith(f"error: {what}\n")


def test_operators_that_the_rules_of_the_gpu_trip_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from _edgeship.errors import InputError
    from _edgeship.export.runtimes.tflite_ports import FileIO
    from _edgeship.export.tflite import delegation

    def absent(*_: object) -> None:
        raise InputError("There is no GPU.")

    def of_no_kind(model: schema.ModelT) -> None:
        model.operatorCodes[0].builtinCode = 100_000

    monkeypatch.setattr(delegation, "run_on_gpu", absent)
    data = _written(tmp_path, of_no_kind).read_bytes()
    with pytest.raises(InputError, match="damaged"):
        delegation.of_gpu(data, FileIO((), ()))
