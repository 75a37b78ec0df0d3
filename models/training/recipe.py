"""The training loop: SGD with momentum, one cycle of the learning rate, label smoothing.

One cycle (arXiv 1708.07120) warms the learning rate up and anneals it to nothing over the whole
run, which is what makes runs of a dozen epochs end well. Weight decay spares batch norms and
biases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from _edgeship.models.training.augmentation import augment
from _edgeship.models.training.data import Split

_MOMENTUM = 0.9
_WEIGHT_DECAY = 5e-4
_LABEL_SMOOTHING = 0.1
_WARM_UP = 0.25
#: Images per step when no gradient is needed.
_EVALUATION_BATCH = 100


@dataclass(frozen=True)
class Recipe:
    """What determines a run besides network, data and versions.

    Attributes:
        epochs: Passes over the training pictures.
        batch_size: Pictures per step.
        learning_rate: Peak of the cycle.
        seed: Of the weights, the order of the pictures, augmentation and dropout.
        mean: Per channel, subtracted from a picture on the 0..1 scale.
        std: Per channel, divides the picture after the mean is subtracted.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class Progress:
    """Where a run is.

    Attributes:
        epoch: Number of the epoch, from 0.
        step: Number of the step in its epoch, from 1.
        steps: Steps of an epoch.
        loss: Mean loss of the epoch so far.
    """

    epoch: int
    step: int
    steps: int
    loss: float


class Run:
    """A training run that can stop after any epoch and go on from its state.

    Args:
        module: The network, trained in place.
        data: Training pictures.
        recipe: How to train.
        device: Where to train.
    """

    def __init__(
        self, module: nn.Module, data: Split, recipe: Recipe, device: torch.device
    ) -> None:
        # Depthwise convolutions run faster on the CPU with the channels last.
        self.module = module.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.data = data
        self.recipe = recipe
        self.device = device
        self.epoch = 0
        self.steps = len(data.labels) // recipe.batch_size
        self._optimizer = torch.optim.SGD(
            _parameter_groups(module), recipe.learning_rate, momentum=_MOMENTUM, nesterov=True
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer,
            recipe.learning_rate,
            epochs=recipe.epochs,
            steps_per_epoch=self.steps,
            pct_start=_WARM_UP,
        )

    @property
    def finished(self) -> bool:
        """Whether every epoch is done."""
        return self.epoch == self.recipe.epochs

    def train_epoch(self, report: Callable[[Progress], None]) -> float:
        """Train for one pass over the pictures and return the mean loss.

        The last, incomplete batch is left out.
        """
        self.module.train()
        loss_sum = 0.0
        # Dropout draws from the global state.
        with torch.random.fork_rng():
            torch.manual_seed(self._epoch_seed())
            for step, (images, labels) in enumerate(self._batches(), 1):
                loss_sum += self._step(images.to(self.device), labels.to(self.device))
                report(Progress(self.epoch, step, self.steps, loss_sum / step))
        self.epoch += 1
        return loss_sum / self.steps

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs: tensors and plain values only."""
        return {
            "epoch": self.epoch,
            "module": self.module.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self.epoch = state["epoch"]
        self.module.load_state_dict(state["module"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])

    def _epoch_seed(self) -> int:
        """Return a seed of this epoch alone, so that a resumed run sees the same pictures."""
        return self.recipe.seed * 10_000 + self.epoch

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        generator = torch.Generator().manual_seed(self._epoch_seed())
        order = torch.randperm(len(self.data.labels), generator=generator)
        count = self.recipe.batch_size
        for batch in torch.split(order[: self.steps * count], count):
            images = augment(self.data.images[batch], generator)
            yield normalized(images, self.recipe.mean, self.recipe.std), self.data.labels[batch]

    def _step(self, images: Tensor, labels: Tensor) -> float:
        loss = functional.cross_entropy(
            self.module(images), labels, label_smoothing=_LABEL_SMOOTHING
        )
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._schedule.step()
        return loss.item()


def normalized(images: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """Map uint8 (N, C, H, W) to normalized float32 of the same shape, channels last in memory."""
    shape = (1, -1, 1, 1)
    scaled = (images.float() / 255 - torch.tensor(mean).view(shape)) / torch.tensor(std).view(shape)
    return scaled.contiguous(memory_format=torch.channels_last)


def count_right(
    module: nn.Module,
    data: Split,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    device: torch.device,
) -> tuple[int, int]:
    """Return how many pictures have their highest score at their label, and the number of scores.

    Pictures are taken through the network in float32, in eval mode.
    """
    module.to(device).eval()
    right, width = 0, 0
    with torch.inference_mode():
        for start in range(0, len(data.labels), _EVALUATION_BATCH):
            batch = slice(start, start + _EVALUATION_BATCH)
            scores = module(normalized(data.images[batch], mean, std).to(device))
            right += int((scores.argmax(1).cpu() == data.labels[batch]).sum())
            width = scores.shape[1]
    return right, width


def _parameter_groups(module: nn.Module) -> list[dict[str, Any]]:
    """Return the parameters that decay and, apart from them, the vectors, which do not."""
    parameters = list(module.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": _WEIGHT_DECAY},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
