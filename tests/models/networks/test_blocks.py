import pytest
import torch
from torch import nn

from _edgeship.errors import InputError
from _edgeship.models.networks.blocks import channel_shuffle, conv_bn_act, global_mean


def test_channel_shuffle_deals_the_groups_out_in_turn() -> None:
    x = torch.arange(6.0).reshape(1, 6, 1, 1).expand(2, 6, 3, 5)
    assert channel_shuffle(x, 2)[1, :, 2, 4].tolist() == [0, 3, 1, 4, 2, 5]
    assert channel_shuffle(x, 3)[0, :, 0, 0].tolist() == [0, 2, 4, 1, 3, 5]
    assert channel_shuffle(x, 2).shape == (2, 6, 3, 5)


@pytest.mark.parametrize("sides", [(5,), (3, 4), (2, 3, 4)])
def test_channel_shuffle_is_torchs_own(sides: tuple[int, ...]) -> None:
    x = torch.randn(2, 12, *sides, generator=torch.Generator().manual_seed(0))
    assert torch.equal(channel_shuffle(x, 4), torch.channel_shuffle(x, 4))


@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_conv_bn_act_keeps_the_size_at_stride_1_and_halves_it_at_stride_2(
    kernel_size: int,
) -> None:
    x = torch.zeros(2, 4, 9, 7)
    assert nn.Sequential(*conv_bn_act(4, 6, kernel_size))(x).shape == (2, 6, 9, 7)
    assert nn.Sequential(*conv_bn_act(4, 6, kernel_size, stride=2))(x).shape == (2, 6, 5, 4)


def test_conv_bn_act_of_a_video() -> None:
    x = torch.zeros(2, 4, 5, 9, 7)
    assert nn.Sequential(*conv_bn_act(4, 6, 3, dims=3))(x).shape == (2, 6, 5, 9, 7)
    halved = nn.Sequential(*conv_bn_act(4, 6, 3, stride=2, dims=3))(x)
    assert halved.shape == (2, 6, 3, 5, 4)
    keeps_frames = nn.Sequential(*conv_bn_act(4, 6, 3, stride=(1, 2, 2), dims=3))(x)
    assert keeps_frames.shape == (2, 6, 5, 5, 4)


@pytest.mark.parametrize("dims", [1, 4, True, "3", None])
def test_other_numbers_of_axes_are_refused(dims: int) -> None:
    with pytest.raises(InputError, match="no networks with dims="):
        conv_bn_act(4, 6, 3, dims=dims)


@pytest.mark.parametrize("sides", [(3, 4), (2, 3, 4)])
def test_global_mean_is_over_every_spatial_axis(sides: tuple[int, ...]) -> None:
    x = torch.randn(2, 5, *sides, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(global_mean(x), x.flatten(2).sum(2) / x[0, 0].numel())


def test_conv_bn_act_layers() -> None:
    conv, norm, activation = conv_bn_act(4, 8, 3, groups=4, activation=nn.ReLU6)
    assert isinstance(conv, nn.Conv2d)
    assert conv.groups == 4
    assert conv.bias is None
    assert isinstance(norm, nn.BatchNorm2d)
    assert isinstance(activation, nn.ReLU6)
    assert [type(layer) for layer in conv_bn_act(4, 8, 1, activation=None)] == [
        nn.Conv2d,
        nn.BatchNorm2d,
    ]
