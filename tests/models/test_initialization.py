import math

import pytest
import torch
from torch import Tensor, nn

from _edgeship.models import zoo
from _edgeship.models.initialization import initialize


def _noise(*shape: int, seed: int = 5) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _smooth_noise(n: int) -> Tensor:
    """Return noise as coarse as a blurred photograph, of variance 1."""
    return _noise(n, 3, 7, 7).repeat_interleave(32, 2).repeat_interleave(32, 3)


@pytest.mark.parametrize("name", ["shufflenet_v2_x0_5", "shufflenet_v2_x1_0"])
@pytest.mark.parametrize("smooth", [False, True], ids=["white", "smooth"])
def test_activations_keep_their_scale_through_the_network(name: str, smooth: bool) -> None:
    module = zoo.create(name)
    deviations: list[float] = []
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.register_forward_hook(lambda _m, _i, out: deviations.append(out.std().item()))
    with torch.no_grad():
        scores = module(_smooth_noise(4) if smooth else _noise(4, 3, 224, 224))
    assert len(deviations) == 56
    assert min(deviations) > 0.5
    assert max(deviations) < 3
    assert 0.3 < scores.std().item() < 3


def test_scores_depend_on_the_input() -> None:
    with torch.no_grad():
        scores = zoo.create("shufflenet_v2_x1_0")(_smooth_noise(8))
    assert scores.std(0).mean().item() > 0.1 * scores.std().item()


def test_no_batch_norm_is_an_identity_and_no_bias_is_zero() -> None:
    state = zoo.create("shufflenet_v2_x0_5").state_dict()
    norms = [key.removesuffix(".running_var") for key in state if key.endswith("running_var")]
    assert len(norms) == 56
    for norm in norms:
        assert state[f"{norm}.running_mean"].abs().min() > 0
        assert (state[f"{norm}.running_var"] > 0).all()
        assert state[f"{norm}.running_var"].std() > 0.01
        assert 0.02 < state[f"{norm}.weight"].std() < 0.1
        assert 0.05 < state[f"{norm}.bias"].std() < 0.2
    assert 0.05 < state["fc.bias"].std() < 0.2


@pytest.mark.parametrize(
    ("layer", "fan_in"),
    [
        (nn.Linear(300, 500), 300),
        (nn.Conv1d(64, 128, 5), 64 * 5),
        (nn.Conv2d(32, 64, (1, 3)), 32 * 3),
        (nn.Conv2d(512, 512, 3, groups=512), 9),
        (nn.Conv3d(16, 32, 3, groups=2), 8 * 27),
        (nn.ConvTranspose2d(32, 64, 4, stride=2), 32 * 16 / 4),
    ],
)
def test_weights_are_he_normal(layer: nn.Linear | nn.Conv2d, fan_in: float) -> None:
    initialize(nn.Sequential(layer), (2, *_input_of(layer)), seed=0)
    assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / fan_in), rel=0.05)
    assert abs(layer.weight.mean().item()) < 0.1 * math.sqrt(2 / fan_in)


def _input_of(layer: nn.Module) -> tuple[int, ...]:
    if isinstance(layer, nn.Linear):
        return (layer.in_features,)
    assert isinstance(layer, (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d))
    return (layer.in_channels, *(8 for _ in layer.kernel_size))


def test_a_transposed_convolution_doubles_the_variance_as_a_convolution_does() -> None:
    layer = nn.ConvTranspose2d(64, 64, 4, stride=2, bias=False)
    initialize(layer, (2, 64, 8, 8), seed=0)
    with torch.no_grad():
        interior = layer(_noise(4, 64, 32, 32))[:, :, 4:-4, 4:-4]
    assert interior.var().item() == pytest.approx(2, rel=0.1)


class _Recorder(nn.Module):
    """Keeps the batch it is given."""

    def forward(self, x: Tensor) -> Tensor:
        self.seen = x
        return x


@pytest.mark.parametrize("shape", [(8, 4), (8, 4, 32), (8, 3, 40, 24), (4, 2, 8, 8, 8)])
def test_statistics_are_those_of_one_batch_of_unit_noise(shape: tuple[int, ...]) -> None:
    norm_of_rank = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}
    recorder, norm = _Recorder(), norm_of_rank[len(shape)](shape[1])
    initialize(nn.Sequential(recorder, norm), shape, seed=0)
    batch = recorder.seen
    assert batch.shape == shape
    axes = [axis for axis in range(len(shape)) if axis != 1]
    torch.testing.assert_close(norm.running_mean, batch.mean(axes))
    torch.testing.assert_close(norm.running_var, batch.var(axes))
    assert norm.momentum == 0.1


def test_noise_has_unit_variance_and_detail_at_every_scale() -> None:
    recorder = _Recorder()
    initialize(recorder, (64, 3, 32, 32), seed=0)
    batch = recorder.seen
    assert batch.var().item() == pytest.approx(1, rel=0.1)
    # Octaves of 1, 2, 4, ..., 32 cells a side, each a sixth of the variance.
    image_means = batch.mean((2, 3))
    assert image_means.var().item() == pytest.approx(1 / 6 * (1 + 1 / 4 + 1 / 16), rel=0.25)


@pytest.mark.slow
def test_rounding_errors_do_not_grow_through_many_residual_units() -> None:
    network = zoo.create("se_resnet_50", num_classes=10)
    x = _smooth_noise(1)
    with torch.no_grad():
        scores = network(x)
        exact = network.double()(x.double())
    assert (scores - exact).abs().max() < 2e-6 * (exact.max() - exact.min())
    norm = network.layer3[2].bn3
    assert 0.2 * 0.9 <= norm.weight.min() <= norm.weight.max() <= 0.2 * 1.1


def test_dropout_and_the_global_random_state_play_no_part() -> None:
    def build() -> nn.Module:
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Dropout(0.9), nn.BatchNorm2d(8))

    first = initialize(build(), (4, 3, 8, 8), seed=1).state_dict()
    module = build()
    torch.manual_seed(99)
    before = torch.get_rng_state()
    again = initialize(module, (4, 3, 8, 8), seed=1).state_dict()
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(first[key], again[key]) for key in first)


def test_it_ends_in_eval_mode_and_copes_with_bare_batch_norms() -> None:
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4, affine=False),
        nn.BatchNorm2d(4, track_running_stats=False),
    )
    initialize(module.train(), (2, 3, 8, 8), seed=0)
    assert not any(layer.training for layer in module.modules())
