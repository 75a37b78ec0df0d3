"""Space and depth exchanged, against ONNX's formulas, PyTorch, and values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from _edgeship.errors import InputError
from tests.export.coreml.evaluator.calling import compute
from tests.export.coreml.evaluator.ops.arrays import near


def counted(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def test_depth_to_space_takes_whole_blocks_of_channels_for_each_place():
    # Channels 0 and 1 are the upper left elements of both results, 2 and 3 the upper right ones.
    x = counted(1, 8, 1, 1)
    near(
        compute("depth_to_space", x=x, block_size=2),
        [[[[0, 2], [4, 6]], [[1, 3], [5, 7]]]],
    )


def test_pixel_shuffle_takes_neighbouring_channels_for_one_block():
    x = counted(1, 8, 1, 1)
    near(
        compute("pixel_shuffle", x=x, upscale_factor=2),
        [[[[0, 1], [2, 3]], [[4, 5], [6, 7]]]],
    )


@pytest.mark.parametrize("block", [2, 3])
def test_larger_images(block):
    x = counted(2, 2 * block**2, 3, 4)
    n, c, h, w = x.shape
    # The formula of ONNX's DepthToSpace in mode DCR.
    parts = x.reshape(n, block, block, c // block**2, h, w).transpose(0, 3, 4, 1, 5, 2)
    deep = parts.reshape(n, c // block**2, h * block, w * block)
    near(compute("depth_to_space", x=x, block_size=block), deep)
    near(compute("space_to_depth", x=deep, block_size=block), x)
    shuffled = functional.pixel_shuffle(torch.tensor(x), block).numpy()
    near(compute("pixel_shuffle", x=x, upscale_factor=block), shuffled)
    unshuffled = functional.pixel_unshuffle(torch.tensor(shuffled), block).numpy()
    near(compute("pixel_unshuffle", opset=16, x=shuffled, downscale_factor=block), unshuffled)


def test_space_to_batch():
    x = np.float32([[[[1, 2, 3, 4], [5, 6, 7, 8]]]])
    found = compute("space_to_batch", x=x, block_shape=[2, 2], paddings=[[0, 0], [0, 0]])
    near(found, [[[[1, 3]]], [[[2, 4]]], [[[5, 7]]], [[[6, 8]]]])
    found = compute("space_to_batch", x=x[..., :3], block_shape=[1, 2], paddings=[[0, 0], [1, 0]])
    near(found, [[[[0, 2], [0, 6]]], [[[1, 3], [5, 7]]]])


def test_batch_to_space_undoes_it():
    x = counted(2, 3, 4, 6)
    given = {"block_shape": [2, 3], "paddings": [[1, 1], [2, 1]]}
    batches = compute("space_to_batch", x=x, **given)
    assert batches.shape == (12, 3, 3, 3)
    found = compute("batch_to_space", x=batches, block_shape=[2, 3], crops=given["paddings"])
    near(found, x)


def test_what_does_not_divide_is_refused():
    with pytest.raises(ValueError, match="reshape"):
        compute("depth_to_space", x=counted(1, 6, 2, 2), block_size=2)
    with pytest.raises(InputError, match="too large"):
        compute(
            "space_to_batch", x=counted(1, 1, 2, 2), block_shape=[2, 2], paddings=[[0, 2**30]] * 2
        )
