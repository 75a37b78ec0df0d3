"""The parts of the training loop, each against what it should do by definition."""

from __future__ import annotations

import torch
from torch import nn

from _edgeship.models.training.augmentation import augment
from _edgeship.models.training.data import Split
from _edgeship.models.training.recipe import Recipe, Run, count_right, normalized

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.3, 0.1)


def test_augmentation_shifts_by_at_most_an_eighth_and_mirrors_half() -> None:
    # Each pixel holds its own column and row, so that every result can be traced back.
    side, n = 32, 400
    grid = torch.arange(side, dtype=torch.uint8)
    columns, rows = grid.expand(side, side), grid[:, None].expand(side, side)
    images = torch.stack([columns, rows, columns]).expand(n, 3, side, side)
    result = augment(images, torch.Generator().manual_seed(1)).int()
    assert result.shape == images.shape
    # The middle 24 pixels of a side never show the reflected border.
    inner = result[:, :, 4:-4, 4:-4]
    step = inner[:, 0, 0, 1] - inner[:, 0, 0, 0]
    assert set(step.tolist()) == {1, -1}
    assert 150 < int((step == -1).sum()) < 250
    up = inner[:, 1, 0, 0] - 4
    assert set(up.tolist()) == set(range(-4, 5))
    straight = step == 1
    assert set((inner[straight, 0, 0, 0] - 4).tolist()) == set(range(-4, 5))
    assert torch.equal(inner[:, 1, 1:, 0] - inner[:, 1, :-1, 0], torch.ones(n, 23, dtype=torch.int))


def test_normalisation_is_that_of_the_exporter() -> None:
    from _edgeship.export.calibration.preprocess import Preprocess, normalize

    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (2, 3, 5, 4), dtype=torch.uint8, generator=generator)
    expected = [normalize(image.numpy(), Preprocess(MEAN, STD)) for image in pixels]
    torch.testing.assert_close(
        normalized(pixels, MEAN, STD), torch.stack([torch.from_numpy(e) for e in expected])
    )


def split(n: int) -> Split:
    """Return noise whose label is the colour that was made stronger."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 200, (n, 3, 16, 16), dtype=torch.uint8, generator=generator)
    labels = torch.arange(n) % 3
    images[torch.arange(n), labels] += 50
    return Split(images, labels, ("r", "g", "b"))


def network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.1),
        nn.Linear(8, 3),
    )


RECIPE = Recipe(epochs=4, batch_size=16, learning_rate=0.1, seed=5, mean=MEAN, std=STD)
CPU = torch.device("cpu")


def test_training_learns_what_can_be_learned() -> None:
    data = split(192)
    run = Run(network(), data, RECIPE, CPU)
    before, width = count_right(run.module, data, MEAN, STD, CPU)
    while not run.finished:
        run.train_epoch(lambda _: None)
    after, _ = count_right(run.module, data, MEAN, STD, CPU)
    assert width == 3
    assert before < 130 < 180 < after


def test_a_run_taken_up_again_ends_where_an_uninterrupted_one_does() -> None:
    whole = Run(network(), split(64), RECIPE, CPU)
    losses = [whole.train_epoch(lambda _: None) for _ in range(4)]
    first = Run(network(), split(64), RECIPE, CPU)
    for _ in range(2):
        first.train_epoch(lambda _: None)
    second = Run(network(), split(64), RECIPE, CPU)
    second.restore(first.state())
    torch.rand(7)  # what happened to the global generator meanwhile does not matter
    assert [second.train_epoch(lambda _: None) for _ in range(2)] == losses[2:]
    for key, value in whole.module.state_dict().items():
        assert torch.equal(value, second.module.state_dict()[key]), key


def test_only_matrices_decay() -> None:
    run = Run(network(), split(64), RECIPE, CPU)
    decays = {
        id(parameter): group["weight_decay"]
        for group in run._optimizer.param_groups
        for parameter in group["params"]
    }
    shapes_and_decays = [(p.ndim, decays[id(p)]) for p in run.module.parameters()]
    assert shapes_and_decays == [(4, 5e-4), (1, 0.0), (1, 0.0), (2, 5e-4), (1, 0.0)]


def test_progress_counts_every_step() -> None:
    run = Run(network(), split(70), RECIPE, CPU)
    seen = []
    run.train_epoch(seen.append)
    assert [(p.epoch, p.step, p.steps) for p in seen] == [(0, s, 4) for s in range(1, 5)]
