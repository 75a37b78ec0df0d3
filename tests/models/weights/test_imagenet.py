"""The table of public weights against what the publishers' own modules hold and compute."""

import json
import re
import subprocess
import sys

import pytest
import torch
from torch import Tensor, nn

from _edgeship.errors import InputError
from _edgeship.models import zoo
from _edgeship.models.weights.imagenet import PUBLISHED, published
from _edgeship.models.weights.key_layouts import to_our_layout
from tests.models.construct import construct, on_meta
from tests.models.weights.published_keys.make import SCORES, filled, first_scores, read_shapes

RENAMED = [
    "mobilenet_v2_x0_5",
    "mobilenet_v2_x1_4",
    "se_resnet_50",
    "senet_154",
    "rexnet_x1_3",
    "rexnet_x1_5",
    "rexnet_x2_0",
]


def _empty(name: str) -> dict[str, Tensor]:
    """Return a checkpoint's tensors without their values."""
    return {key: torch.empty(s, device="meta") for key, s in read_shapes(name).items()}


def _shapes(state: dict[str, Tensor]) -> list[tuple[str, tuple[int, ...]]]:
    return [(key, tuple(value.shape)) for key, value in state.items()]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_checkpoint_fits_the_network(name: str) -> None:
    ours = on_meta(name).state_dict()
    assert _shapes(to_our_layout(_empty(name), ours)) == _shapes(ours)
    assert (list(read_shapes(name)) != list(ours)) == (name in RENAMED)


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_network_computes_what_the_publishers_does(name: str) -> None:
    """A layer's padding, stride or activation could differ though all tensors fit."""
    network = construct(name)
    state = to_our_layout(filled(read_shapes(name)), network.state_dict())
    network.load_state_dict(state)
    expected = torch.tensor(json.loads(SCORES.read_text())[name])
    scores = torch.tensor(first_scores(network))
    assert (scores - expected).abs().max() < 1e-4 * expected.std()


def test_a_border_treated_differently_would_show() -> None:
    """The yardstick of the test above: the max pool of Caffe pads on the right only."""
    name = "shufflenet_v2_x0_5"
    network = construct(name)
    network.load_state_dict(filled(read_shapes(name)))
    assert isinstance(network.maxpool, nn.MaxPool2d)
    network.maxpool = nn.MaxPool2d(3, 2, ceil_mode=True)
    expected = torch.tensor(json.loads(SCORES.read_text())[name])
    difference = (torch.tensor(first_scores(network)) - expected).abs().max()
    assert difference > 1e-2 * expected.std()


@pytest.mark.parametrize("name", RENAMED)
def test_old_checkpoints_without_counters_are_renamed_too(name: str) -> None:
    ours = on_meta(name).state_dict()
    old = {k: v for k, v in _empty(name).items() if not k.endswith("num_batches_tracked")}
    expected = [key for key in ours if not key.endswith("num_batches_tracked")]
    assert list(to_our_layout(old, ours)) == expected


@pytest.mark.parametrize("name", ["rexnet_x1_3", "mobilenet_v2_x1_4"])
def test_what_does_not_fit_keeps_its_names(name: str) -> None:
    """So that a refusal speaks of the names in the file."""
    state = _empty(name)
    ours = on_meta(name).state_dict()
    incomplete = dict(list(state.items())[1:])
    assert list(to_our_layout(incomplete, ours)) == list(incomplete)
    other = on_meta("shufflenet_v2").state_dict()
    assert list(to_our_layout(state, other)) == list(state)
    assert list(to_our_layout(ours, ours)) == list(ours)


def test_a_network_with_a_similar_name_inside_is_left_alone() -> None:
    """The last layer of ReXNet is reshaped only where it is renamed."""
    state = {"output.1.weight": torch.zeros(5, 7), "output.1.bias": torch.zeros(5)}
    assert to_our_layout(state, state)["output.1.weight"].shape == (5, 7)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_rows_agree_with_themselves(name: str) -> None:
    row, entry = PUBLISHED[name], zoo.spec(name)
    assert row.url.startswith("https://")
    assert row.file.endswith(".pth")
    assert re.fullmatch("[0-9a-f]{8,64}", row.sha256)
    digits = re.search(r"-([0-9a-f]{8,10})\.pth$", row.file)
    if digits:
        assert row.url.endswith(f"/{row.file}")
        assert row.sha256.startswith(digits[1])
    else:
        assert len(row.sha256) == 64
    assert entry.alias_of is None
    assert 224 / row.crop == pytest.approx(round(224 / row.crop))
    # Near the paper's accuracy: no row has the figure of another.
    assert entry.top1_error is not None
    assert -1.5 < row.top1 - (100 - entry.top1_error) < 2.5


@pytest.mark.parametrize("name", [name for name, row in PUBLISHED.items() if row.size])
def test_the_size_is_that_of_the_tensors(name: str) -> None:
    """A file adds names and padding to the numbers: at most 2 % in any of these."""
    state = on_meta(name).state_dict()
    numbers = sum(value.numel() * value.element_size() for value in state.values())
    size = PUBLISHED[name].size
    assert size is not None
    # The oldest files lack the counters of batch norms, 8 bytes each.
    assert numbers - 8 * len(state) < size < 1.02 * numbers


def test_a_second_name_has_the_weights_of_the_first() -> None:
    assert published("shufflenet_v2") is PUBLISHED["shufflenet_v2_x1_0"]
    assert published("mobilenet_v2") is PUBLISHED["mobilenet_v2_x1_0"]


def test_a_model_without_weights_is_refused() -> None:
    with pytest.raises(InputError, match="effnet has no published ImageNet weights") as caught:
        published("effnet")
    assert all(name in caught.value.todo for name in PUBLISHED)
    assert "--weights FILE" in caught.value.todo


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(InputError, match="There is no model named 'resnet_51'"):
        published("resnet_51")


def test_the_table_needs_no_torch() -> None:
    code = "import sys; from _edgeship.models.weights import downloads, imagenet; "
    code += "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603
