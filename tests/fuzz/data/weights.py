"""Hostile checkpoints: .pt files whose pickles, archives or tensors are odd, and .safetensors."""

from __future__ import annotations

import io
import json
import pickle
import struct
from functools import cache
from typing import Any

from numpy.random import Generator

from tests.fuzz.commands.case import PIPE, Case
from tests.fuzz.damage import NUMBERS, TEXTS, damaged, early, other_json, pick
from tests.fuzz.data.zips import odd_zip

#: A small network; one that fits is exported in a second.
_NETWORK = "probe_g1_arm_1to12"
_WORDS = ("--to", "onnx", "--calib", "random", "--input", "1,9,8,8")


class _Runs:
    """What would run code where a reader of pickles trusts them."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        import os

        return os.system, ("touch /tmp/edgeship-fuzz-was-run",)


def weights_case(rng: Generator) -> Case:
    """Return a checkpoint for a network of the registry."""
    suffix = pick(rng, (".pt", ".pt", ".safetensors", ".safetensors", ".pth", ".ckpt", ".bin"))
    data = _safetensors(rng) if suffix == ".safetensors" else _pickled(rng)
    if rng.random() < 0.04:
        suffix = pick(rng, (".pt", ".safetensors", ".npz", "", ".PT"))
    name = f"weights{suffix}"
    files, links = {name: data}, {}
    if rng.random() < 0.03:
        files, links = {}, {name: pick(rng, ("/dev/zero", ".", "missing", "/dev/null", PIPE))}
    return Case(name, files, (_NETWORK, "--weights", name, *_WORDS), links)


@cache
def _state() -> dict[str, Any]:
    from _edgeship.models.building import create

    return dict(create(_NETWORK).state_dict())


def _saved(content: Any, **options: Any) -> bytes:
    import torch

    sink = io.BytesIO()
    torch.save(content, sink, **options)
    return sink.getvalue()


def _other_state(rng: Generator) -> dict[Any, Any]:
    """Return tensors of which one has another name, shape, type or place, or is none."""
    import torch

    state: dict[Any, Any] = dict(_state())
    key = pick(rng, list(state))
    value = state[key]
    others: tuple[Any, ...] = (
        *(value.double(), value.half(), value.to(torch.int8), value[None], value.reshape(-1)),
        *(
            value.flatten()[:0],
            value.to_sparse(),
            value.to("meta"),
            torch.full_like(value.float(), torch.nan),
        ),
        *(
            None,
            3,
            "text",
            [value],
            {"x": value},
            torch.nn.Parameter(value.float()),
            value.cfloat(),
        ),
        *(value.expand(2, *value.shape), torch.empty(1 << 20).expand(1 << 12, 1 << 20), _Runs()),
    )
    if rng.random() < 0.4:
        name = pick(rng, (*TEXTS, 3, None, (1, 2)))
        state[name] = state.pop(key)
    else:
        state[key] = pick(rng, others)
    return state


def _pickled(rng: Generator) -> bytes:
    way = rng.integers(8)
    if way == 0:
        return damaged(_saved(_state()), rng)
    if way == 1:
        return damaged(_saved(_state(), _use_new_zipfile_serialization=False), rng)
    if way == 2:
        return pickle.dumps(pick(rng, (_Runs(), [1], {"a": 1}, "text", {"state_dict": _Runs()})))
    if way == 3:
        return odd_zip({"archive/data.pkl": pickle.dumps(_Runs()), "archive/version": b"3"}, rng)
    if way == 4:
        return pick(
            rng,
            (
                b"",
                b"\x80\x02",
                b"PK\x03\x04",
                b"\0" * 999,
                b"(" * 100_000,
                b"\x80\x04]" + b"]" * 9999,
            ),
        )
    wrapped = pick(rng, ("", "", "state_dict", "model", "ema", "nonsense"))
    state = _other_state(rng)
    if not _storable(state):
        return pickle.dumps({str(key): repr(value) for key, value in state.items()})
    return _saved({wrapped: state, "epoch": 3} if wrapped else state)


def _storable(state: dict[Any, Any]) -> bool:
    return all(_size(one) < 1 << 24 for one in state.values())


def _size(value: Any) -> int:
    """Return the bytes of a value; a sparse tensor says none, and those here store little."""
    return 0 if getattr(value, "is_sparse", False) else getattr(value, "nbytes", 0)


def _safetensors(rng: Generator) -> bytes:
    """Return a file whose header says other types, shapes or places than there are bytes."""
    from safetensors.torch import save

    state = {key: value.contiguous() for key, value in _state().items()}
    data = save(state)
    way = rng.integers(6)
    if way == 0:
        return damaged(data, rng)
    if way == 1:
        return early(data, rng)
    (length,) = struct.unpack("<Q", data[:8])
    header, rest = json.loads(data[8 : 8 + length]), data[8 + length :]
    if way == 2:
        number = int(pick(rng, NUMBERS)) % 2**64
        return struct.pack("<Q", number) + data[8:]
    changed = json.dumps(other_json(header, rng)).encode()
    if way == 3:
        changed = pick(rng, (b"[" * 100_000, b"{}", b"null", b'{"a":{}}', b"\xff"))
    return struct.pack("<Q", len(changed)) + changed + rest
