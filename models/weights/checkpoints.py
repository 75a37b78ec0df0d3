"""Load a checkpoint into a network, refusing whatever does not fit; the file is untrusted."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from _edgeship.errors import InputError
from _edgeship.models.weights.checkpoint_file import check_readable
from _edgeship.models.weights.key_layouts import to_our_layout
from _edgeship.zips import UNREADABLE, open_zip

#: What the names of files of `torch.save` end in; .tar is that of .pth.tar.
TORCH_SUFFIXES = (".pth", ".pt", ".tar", ".ckpt", ".bin")

#: Where training programs put the state dict. A mean of the weights is what they validate with.
WRAPPERS = (
    *("state_dict_ema", "model_ema", "ema_state_dict", "ema", "params_ema", "state_dict", "model"),
    *("model_state_dict", "net", "network", "weights", "params"),
)

#: What DataParallel, torch.compile, Lightning and means of weights put before every name.
PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.", "ema_model.")

#: What an archive may unpack to, if that is more than its own size: torch.save packs nothing.
MOST_UNPACKED_BYTES = 2**31

#: How many steps torch.optim.swa_utils.AveragedModel has averaged.
_STEPS = "n_averaged"

_SHOWN_KEYS = 3


def load_weights(module: nn.Module, path: str | Path) -> None:
    """Copy every tensor of a checkpoint into a network of the same architecture.

    Args:
        module: The network; it is left untouched when the checkpoint is refused.
        path: A file of `torch.save` (.pth, .pt, .pth.tar, .ckpt, .bin) that holds a state dict
            (bare, or as `WRAPPERS` names it), or a .safetensors file.

    Raises:
        InputError: The file is missing or unreadable, holds no state dict or objects other than
            tensors, or its keys, shapes or types are not the network's.
    """
    module.load_state_dict(read_fitting(path, module.state_dict()), strict=False)


def read_fitting(path: str | Path, expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint for a network that is known by its state dict alone.

    Args:
        path: What `load_weights` takes.
        expected: The network's state dict. Only names, shapes and types are read, so that tensors
            on the meta device are enough.

    Returns:
        The tensors of the file under the network's names, on the CPU. Floats may have another
        precision than the network's, and a batch norm's `num_batches_tracked` is missing if an old
        file lacks it.

    Raises:
        InputError: As for `load_weights`.
    """
    path = Path(path)
    check_readable(path)
    state = to_our_layout(_without_wrappers(_read(path), expected), expected)
    _check_fit(expected, state, path)
    return state


def _read(path: Path) -> dict[str, Tensor]:
    """Read a state dict in the format that the suffix of the file stands for."""
    suffix = path.suffix.lower()
    if suffix == ".safetensors":
        return _read_safetensors(path)
    if suffix in TORCH_SUFFIXES:
        return _read_torch(path)
    raise InputError(
        f"A checkpoint cannot have the suffix {suffix!r}.",
        where=str(path),
        todo=f"Give a {', '.join(TORCH_SUFFIXES)} or .safetensors file.",
    )


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    try:
        state: dict[str, Tensor] = load_file(path)
    except Exception as error:  # a broken file makes the reader fail in too many ways to list
        raise _unreadable(path, "a safetensors file", str(error)) from error
    return state


def _read_torch(path: Path) -> dict[str, Tensor]:
    _check_unpacked(path)
    try:
        with warnings.catch_warnings():
            # TorchScript archives are refused below; torch would advise how to run them.
            warnings.filterwarnings("ignore", message=".*TorchScript archive")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # torch's own message proposes weights_only=False, which would run the file's code.
        raise InputError(
            "The checkpoint was refused: it is not a plain file of tensors.",
            where=str(path),
            why="Reading any other Python object could run code hidden in the file.",
            todo="Save only the tensors: torch.save(model.state_dict(), PATH).",
        ) from error
    except Exception as error:  # a broken file makes the reader fail in too many ways to list
        why = "It is damaged, or of another kind, such as a TorchScript archive."
        raise _unreadable(path, "a file of torch.save", why) from error
    return _state_dict(content, path)


def _check_unpacked(path: Path) -> None:
    """Refuse an archive that would unpack to far more than it is.

    Raises:
        InputError: It would.
    """
    most = max(path.stat().st_size, MOST_UNPACKED_BYTES)
    try:
        with open_zip(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except UNREADABLE:  # torch says what is wrong with it, or reads it: not all are archives
        return
    if unpacked > most:
        raise InputError(
            "The checkpoint is too large.",
            where=str(path),
            why=f"It unpacks to {unpacked:,} bytes; {most:,} is the most.",
            todo="Save only the tensors: torch.save(model.state_dict(), PATH).",
        )


def _unreadable(path: Path, what: str, why: str) -> InputError:
    return InputError(
        f"The checkpoint cannot be read as {what}.",
        where=str(path),
        why=why,
        todo="Check that the file is complete and has the right suffix.",
    )


def _state_dict(content: object, path: Path) -> dict[str, Tensor]:
    """Return the state dict of a training checkpoint, which holds nothing but tensors."""
    found = _tensors_in(content)
    if found is None:
        raise InputError(
            "The checkpoint holds no state dict.",
            where=str(path),
            why="A state dict maps names to tensors, bare or under one of the names "
            f"{', '.join(WRAPPERS)}.",
            todo="Save one: torch.save(model.state_dict(), PATH).",
        )
    return found


def _tensors_in(content: object) -> dict[str, Tensor] | None:
    """Return a state dict, or the first one inside of wrappers: {"ema": {"state_dict": ...}}."""
    if not isinstance(content, Mapping):
        return None
    inner = (_tensors_in(content[name]) for name in WRAPPERS if name in content)
    wrapped = next((found for found in inner if found is not None), None)
    if wrapped is not None:
        return wrapped
    plain = all(isinstance(k, str) and isinstance(v, Tensor) for k, v in content.items())
    return dict(content) if plain else None


def _without_wrappers(
    state: dict[str, Tensor], expected: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Drop what wrappers of a network put before every name, as long as all names have it.

    Of a mean of weights, the number of steps is dropped, too.
    """
    state = {key: value for key, value in state.items() if key != _STEPS or key in expected}
    wrapped = True
    while wrapped:
        found = [p for p in PREFIXES if state and all(key.startswith(p) for key in state)]
        wrapped = bool(found) and not any(key.startswith(found[0]) for key in expected)
        if wrapped:
            state = {key.removeprefix(found[0]): value for key, value in state.items()}
    return state


def _check_fit(expected: Mapping[str, Tensor], state: Mapping[str, Tensor], path: Path) -> None:
    """Refuse a state dict whose names, shapes or types are not the network's."""
    # Checkpoints older than this counter lack it, and inference never reads it.
    missing = [k for k in expected if k not in state and not k.endswith("num_batches_tracked")]
    # repr, because a file's own names may hold control characters.
    unexpected = [repr(key) for key in state if key not in expected]
    both = [key for key in expected if key in state]
    shapes = {
        key: (tuple(state[key].shape), tuple(expected[key].shape))
        for key in both
        if state[key].shape != expected[key].shape
    }
    mistyped = [key for key in both if not _is_copyable(state[key], expected[key])]
    problems = [
        *_listed("missing", missing),
        *_listed("unexpected", unexpected),
        *_listed(
            "of another shape", [f"{k} is {has}, not {needs}" for k, (has, needs) in shapes.items()]
        ),
        *_listed("of another type", [_typed(key, state[key]) for key in mistyped]),
    ]
    if problems:
        raise InputError(
            "The checkpoint does not fit the model.",
            where=str(path),
            why="; ".join(problems),
            todo=_advice(list(expected), shapes, only_shapes=not (missing or unexpected)),
        )


def _is_copyable(value: Tensor, target: Tensor) -> bool:
    """Tell whether a tensor is dense, in memory, and a float where the network has a float."""
    is_dense = value.layout == torch.strided and value.device.type == "cpu"
    return is_dense and value.is_floating_point() == target.is_floating_point()


def _typed(key: str, value: Tensor) -> str:
    return f"{key} is {value.dtype}, {value.layout}, on {value.device}"


def _listed(label: str, items: list[str]) -> list[str]:
    """Return one text that counts the items and shows the first few, or none if there are none."""
    if not items:
        return []
    more = ", ..." if len(items) > _SHOWN_KEYS else ""
    return [f"{len(items)} {label}: {', '.join(items[:_SHOWN_KEYS])}{more}"]


def _advice(
    keys: list[str],
    shapes: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]],
    *,
    only_shapes: bool,
) -> str:
    """Say what to change: only a classifier or first layer of another size has a simple answer."""
    classifier = keys[-1].rpartition(".")[0]
    classifier_keys = [key for key in keys if key.rpartition(".")[0] == classifier]
    resized = [key for key, (has, needs) in shapes.items() if _differ_at(0, has, needs)]
    if only_shapes and list(shapes) == resized == classifier_keys:
        classes = shapes[keys[-1]][0][0]
        return f"The checkpoint has {classes} classes: create the model with num_classes={classes}."
    if only_shapes and list(shapes) == keys[:1] and _differ_at(1, *shapes[keys[0]]):
        channels = shapes[keys[0]][0][1]
        return f"The checkpoint takes {channels}-channel input: use in_channels={channels}."
    return "Use the model, and the options, that the checkpoint was trained with."


def _differ_at(axis: int, has: tuple[int, ...], needs: tuple[int, ...]) -> bool:
    """Tell whether two shapes of equal rank differ along this axis and no other."""
    return len(has) == len(needs) and [
        i for i, (a, b) in enumerate(zip(has, needs, strict=True)) if a != b
    ] == [axis]
