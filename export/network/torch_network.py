"""A PyTorch network: read one that is saved whole, fold its branches, run it.

The process of a user's network uses this file too: it imports nothing else of edgeship.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

#: Seeds the weights of networks that come without any, so that two runs write the same bytes.
SEED = 0


class Refused(Exception):  # noqa: N818  (the parent makes an error of it)
    """A network cannot be used, for a reason that we know.

    Attributes:
        what: One sentence.
        why: The cause.
        todo: What the user can do about it.
        unsupported: Whether PyTorch lacks something, rather than the network being wrong.
    """

    def __init__(
        self, what: str, *, why: str = "", todo: str = "", unsupported: bool = False
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.todo = todo
        self.unsupported = unsupported


def open_saved(path: str) -> tuple[nn.Module, list[list[int]], list[str]]:
    """Read a network that torch has saved whole: a .pt2 file, or a TorchScript archive.

    Returns:
        The network, in float32 and on the CPU unless it is an exported program; shape and type of
        each input, as far as the file tells.
    """
    import torch

    if not path.endswith(".pt2"):
        load: Any = torch.jit.load
        return load(path, map_location="cpu").float().eval(), [], []
    program = torch.export.load(path)
    given, _ = program.example_inputs or ((), {})
    examples = [one for one in given if isinstance(one, torch.Tensor)]
    shapes = [list(one.shape) for one in examples]
    dtypes = [str(one.dtype).removeprefix("torch.") for one in examples]
    return program.module(), shapes, dtypes


def folded(module: nn.Module) -> nn.Module | None:
    """Return a copy of a network with its training branches folded; None if it has none.

    Networks such as RepVGG (arXiv 2101.03697) train several parallel convolutions that sum to one.
    By convention their `reparameterize()` puts that one in their place.

    Args:
        module: The network; it is left as it is.

    Raises:
        Refused: Its `reparameterize()` fails.
    """
    if not callable(getattr(module, "reparameterize", None)):
        return None
    copied = copy.deepcopy(module).eval()
    try:
        copied.reparameterize()  # type: ignore[operator]
    except Exception as error:  # the method is the user's own code
        raise Refused(
            "The network's reparameterize() failed.", why=f"{type(error).__name__}: {error}"
        ) from error
    return copied.eval()


def run(module: nn.Module, samples: Sequence[Sequence[np.ndarray]]) -> list[list[np.ndarray]]:
    """Run a module in eval mode; its mode is put back.

    Args:
        module: A float32 network on the CPU.
        samples: Per sample, the arrays of all inputs, passed by position.

    Returns:
        Per sample, all tensors of the result, with tuples, lists and mappings flattened in
        order; floating point as float32.

    Raises:
        Refused: The module returns something that is not made of tensors.
    """
    import torch

    # torch warns about arrays that it may not write to, so it is given copies.
    with eval_mode(module), torch.inference_mode():
        return [
            [_to_numpy(t) for t in tensors(module(*(torch.from_numpy(a.copy()) for a in sample)))]
            for sample in samples
        ]


def parameters(module: nn.Module) -> int:
    """Return how many numbers the parameters of a module hold."""
    return sum(parameter.numel() for parameter in module.parameters())


@contextlib.contextmanager
def eval_mode(module: nn.Module) -> Iterator[None]:
    """Put a module into eval mode, and its mode back."""
    modes = [(part, part.training) for part in module.modules()]
    with contextlib.suppress(NotImplementedError):  # of an exported program, which has one mode
        module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def tensors(result: object) -> Iterator[Tensor]:
    """Yield all tensors of a result, with the collections that `items_of` knows flattened in order.

    Raises:
        Refused: Something in it is no tensor.
    """
    import torch

    if isinstance(result, torch.Tensor):
        yield result
        return
    items = items_of(result)
    if items is None:
        raise Refused(
            f"The module returns a {type(result).__name__} where a tensor is expected.",
            todo="Return a tensor, or a tuple, list, mapping or dataclass of tensors.",
        )
    for _, item in items:
        yield from tensors(item)


def items_of(result: object) -> list[tuple[object, object]] | None:
    """Return the items of a mapping, tuple, list or dataclass, each with its key, or its position.

    None of anything else. Fields of a dataclass that hold nothing are left out, as torch does.
    """
    if isinstance(result, Mapping):
        return list(result.items())
    if isinstance(result, tuple | list):
        return list(zip(getattr(result, "_fields", range(len(result))), result, strict=True))
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        found = [(field.name, getattr(result, field.name)) for field in dataclasses.fields(result)]
        return [(name, item) for name, item in found if item is not None]
    return None


def _to_numpy(tensor: Tensor) -> np.ndarray:
    import numpy as np
    import torch

    # NumPy knows no bfloat16.
    wide = tensor.to(torch.float32) if tensor.is_floating_point() else tensor
    return np.array(wide.numpy())
