"""`python -m models train` and `evaluate`, from pictures to a checkpoint that exports."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from _edgeship.errors import InputError
from _edgeship.models.building import create
from _edgeship.models.commands.cli import app
from _edgeship.models.training.train import Epoch, TrainingRequest, train
from _edgeship.models.weights.card import read_card
from _edgeship.models.weights.checkpoint_file import file_sha256
from tests.models.training.pictures import write_pictures, zipped


@pytest.fixture
def request_(tmp_path: Path) -> TrainingRequest:
    data = zipped(write_pictures(tmp_path / "colours", 24, side=16))
    return TrainingRequest(
        name="effnet",
        data=data,
        folder=tmp_path / "out",
        epochs=3,
        batch_size=8,
        learning_rate=0.01,
        seed=1,
        size=16,
    )


class StoppedError(Exception):
    """Stands for Ctrl-C."""


def run(request: TrainingRequest, *, stop_after: int | None = None) -> list[Epoch]:
    epochs: list[Epoch] = []

    def note(epoch: Epoch) -> None:
        epochs.append(epoch)
        if epoch.number == stop_after:
            raise StoppedError

    train(request, say=lambda _: None, step_done=lambda _: None, epoch_done=note)
    return epochs


def test_a_stopped_training_goes_on_and_ends_with_the_same_weights(
    request_: TrainingRequest,
) -> None:
    whole = run(replace(request_, folder=request_.folder / "whole"))
    stopped = replace(request_, folder=request_.folder / "stopped")
    with pytest.raises(StoppedError):
        run(stopped, stop_after=1)
    assert [p.name for p in stopped.folder.iterdir()] == ["effnet.training.pt"]
    rest = run(stopped)
    assert [e.number for e in rest] == [2, 3]
    assert [e.loss for e in rest] == [e.loss for e in whole[1:]]
    files = [request_.folder / kind / "effnet.safetensors" for kind in ("whole", "stopped")]
    one, other = (load_file(file) for file in files)
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert not (stopped.folder / "effnet.training.pt").exists()


def test_the_card_says_what_was_done_and_the_weights_load_by_it(request_: TrainingRequest) -> None:
    epochs = run(request_)
    checkpoint = request_.folder / "effnet.safetensors"
    card = read_card(checkpoint)
    assert card is not None
    assert (card.classes, card.input_size) == (("blue", "red"), (3, 16, 16))
    assert (card.train_images, card.test_images) == (48, 48)
    assert card.sha256 == file_sha256(checkpoint)
    assert card.test_accuracy == round(100 * epochs[-1].accuracy, 2) == 100
    assert card.command == (
        "python -m models train effnet --data colours.zip --epochs 3 --batch-size 8 "
        "--learning-rate 0.01 --seed 1 --size 16 --undo-strides 0"
    )
    module = create("effnet", weights=checkpoint)
    assert module(torch.zeros(1, 3, 16, 16)).shape == (1, 2)

    shown = CliRunner().invoke(
        app, ["evaluate", "effnet", "--weights", str(checkpoint), "--data", str(request_.data)]
    )
    assert shown.exit_code == 0
    assert "100.00 % (48 of 48 pictures" in shown.stdout


def test_other_settings_do_not_continue_a_stopped_training(request_: TrainingRequest) -> None:
    with pytest.raises(StoppedError):
        run(request_, stop_after=1)
    state = (request_.folder / "effnet.training.pt").read_bytes()
    with pytest.raises(InputError, match="other settings") as error:
        run(replace(request_, seed=2))
    assert "seed was 1" in str(error.value)
    assert (request_.folder / "effnet.training.pt").read_bytes() == state


@pytest.mark.parametrize(
    "state", [None, torch.zeros(2), [1], {"seconds": 1.0}, {"settings": {}, "seconds": "long"}]
)
def test_what_is_no_state_is_refused(request_: TrainingRequest, state: object) -> None:
    request_.folder.mkdir()
    path = request_.folder / "effnet.training.pt"
    torch.save(state, path) if state is not None else path.write_bytes(b"not a state")
    with pytest.raises(InputError, match="does not hold the state of a training"):
        run(request_)


def command(request: TrainingRequest, *more: str) -> list[str]:
    return ["train", request.name, "--data", str(request.data), "--epochs", "1", "--size", "16",
            "--out", str(request.folder), *more]  # fmt: skip


def test_the_command_prints_each_epoch_and_what_to_do_next(request_: TrainingRequest) -> None:
    shown = CliRunner().invoke(app, command(request_, "--batch-size", "8"))
    assert shown.exit_code == 0, shown.output
    assert "epoch 1/1" in shown.stdout
    assert f"--weights {request_.folder / 'effnet.safetensors'}" in shown.stdout
    assert json.loads((request_.folder / "effnet.json").read_text())["epochs"] == 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--batch-size", "49"], "do not fill a batch of 49"),
        (["--batch-size", "8", "--undo-strides", "1"], "1 strides cannot be undone"),
    ],
)
def test_options_that_do_not_fit_are_one_sentence(
    request_: TrainingRequest, more: list[str], message: str
) -> None:
    shown = CliRunner().invoke(app, command(request_, *more))
    assert shown.exit_code == 2
    assert message in shown.stderr
    assert not list(request_.folder.glob("*.safetensors"))


def test_evaluating_refuses_other_classes(request_: TrainingRequest, tmp_path: Path) -> None:
    run(replace(request_, epochs=1))
    other = write_pictures(tmp_path / "other", 1)
    (other / "test" / "red").rename(other / "test" / "green")
    shown = CliRunner().invoke(
        app,
        ["evaluate", "effnet", "--data", str(other),
         "--weights", str(request_.folder / "effnet.safetensors")],
    )  # fmt: skip
    assert shown.exit_code == 2
    assert "The label 'green' is none of the 2 classes." in shown.stderr
