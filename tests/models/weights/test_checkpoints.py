import hashlib
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from _edgeship.errors import InputError
from _edgeship.models.weights import checkpoints
from _edgeship.models.weights.checkpoint_file import file_sha256
from _edgeship.models.weights.checkpoints import load_weights, read_fitting


def _network(num_classes: int = 5, in_channels: int = 3) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(in_channels, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, num_classes)
    )


def _refusal(path: Path) -> InputError:
    """Return the refusal of a file, having checked that it left the network as it was."""
    network = _network()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    with pytest.raises(InputError) as caught:
        load_weights(network, path)
    assert caught.value.where == str(path)
    after = network.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    return caught.value


@pytest.mark.parametrize(
    ("name", "wrap"),
    [
        ("bare.pth", lambda state: state),
        ("bare.PT", lambda state: state),
        ("nested.pth", lambda state: {"epoch": 3, "state_dict": state}),
        ("model.pt", lambda state: {"model": state, "optimizer": {"lr": 0.1}}),
        ("parallel.pth", lambda state: {f"module.{key}": v for key, v in state.items()}),
        ("compiled.pth.tar", lambda state: {f"_orig_mod.{key}": v for key, v in state.items()}),
        (
            "lightning.ckpt",
            lambda state: {
                "state_dict": {f"model.module.{key}": v for key, v in state.items()},
                "epoch": 3,
            },
        ),
        ("mean.pt", lambda state: {"model": {}, "ema": {"state_dict": state}, "updates": 7}),
        (
            "swa.bin",
            lambda state: {
                "n_averaged": torch.tensor(5),
                **{f"module.{key}": v for key, v in state.items()},
            },
        ),
        (
            "old.pth",
            lambda state: {k: v for k, v in state.items() if "num_batches" not in k},
        ),
    ],
)
def test_a_torch_checkpoint_loads(
    tmp_path: Path, name: str, wrap: Callable[[dict[str, Tensor]], Any]
) -> None:
    source, target = _network(), _network()
    path = tmp_path / name
    torch.save(wrap(source.state_dict()), path)
    load_weights(target, path)
    expected = source.state_dict()
    assert all(torch.equal(value, expected[key]) for key, value in target.state_dict().items())


def test_a_child_named_module_keeps_its_name(tmp_path: Path) -> None:
    source, target = (
        nn.ModuleDict({"module": nn.Linear(2, 2), "head": nn.Linear(2, 1)}) for _ in range(2)
    )
    path = tmp_path / "checkpoint.pth"
    torch.save(source.state_dict(), path)
    load_weights(target, path)
    assert torch.equal(target.state_dict()["module.weight"], source.state_dict()["module.weight"])


def test_a_safetensors_checkpoint_loads(tmp_path: Path) -> None:
    source, target = _network(), _network()
    path = tmp_path / "checkpoint.safetensors"
    save_file(source.state_dict(), path)
    load_weights(target, path)
    expected = source.state_dict()
    assert all(torch.equal(value, expected[key]) for key, value in target.state_dict().items())


def test_half_precision_is_widened(tmp_path: Path) -> None:
    source, target = _network(), _network()
    path = tmp_path / "half.pth"
    torch.save(source.half().state_dict(), path)
    load_weights(target, path)
    loaded = target.state_dict()["0.weight"]
    assert loaded.dtype == torch.float32
    assert torch.equal(loaded, source.state_dict()["0.weight"].float())


def test_a_network_known_by_names_and_shapes_alone_is_enough(tmp_path: Path) -> None:
    source = _network().half().state_dict()
    path = tmp_path / "half.pth"
    torch.save({f"module.{key}": value for key, value in source.items()}, path)
    expected = {
        key: torch.empty_like(value, device="meta")
        for key, value in _network().state_dict().items()
    }
    state = read_fitting(path, expected)
    assert state.keys() == source.keys()
    assert all(torch.equal(state[key], source[key]) for key in source)
    with pytest.raises(InputError, match="does not fit"):
        read_fitting(path, expected | {"4.weight": torch.empty(1, device="meta")})


def test_sha256_of_a_file_longer_than_one_read(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(bytes(range(256)) * 10_000)
    assert file_sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert "no such file" in _refusal(tmp_path / "absent.pth").why
    assert "not a regular file" in _refusal(tmp_path).why


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.zip"
    torch.save(_network().state_dict(), path)
    assert "suffix '.zip'" in _refusal(path).what


@pytest.mark.parametrize("suffix", ["pth", "pt", "safetensors"])
@pytest.mark.parametrize("content", [b"", b"hello world" * 99, b"\x80\x02}q\x00.", b"PK\x03\x04"])
def test_a_file_that_is_no_checkpoint_is_refused(
    tmp_path: Path, suffix: str, content: bytes
) -> None:
    path = tmp_path / f"checkpoint.{suffix}"
    path.write_bytes(content)
    assert _refusal(path).what.startswith("The checkpoint")


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_truncated_file_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"checkpoint.{suffix}"
    state = _network().state_dict()
    if suffix == "pth":
        torch.save(state, path)
    else:
        save_file(state, path)
    path.write_bytes(path.read_bytes()[:-40])
    assert "cannot be read as" in _refusal(path).what


class _Payload:
    """Creates a file when it is unpickled without a guard."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker,)


@pytest.mark.parametrize("writer", ["torch.save", "pickle"])
def test_a_pickle_with_code_is_refused_and_not_run(tmp_path: Path, writer: str) -> None:
    path, marker = tmp_path / "checkpoint.pth", tmp_path / "was_run"
    content = {"0.weight": _Payload(marker)}
    if writer == "pickle":
        path.write_bytes(pickle.dumps(content, protocol=2))
    else:
        torch.save(content, path)
    refusal = _refusal(path)
    assert not marker.exists()
    assert "code" in refusal.why
    assert "weights_only" not in str(refusal)
    # The payload is live: an unguarded reader does run it.
    if writer == "pickle":
        pickle.loads(path.read_bytes())  # noqa: S301 - our own payload
    else:
        torch.load(path, weights_only=False)
    assert marker.exists()


def test_an_archive_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(_network().state_dict(), tmp_path / "sound.pt")
    path = tmp_path / "weights.pt"
    with (
        zipfile.ZipFile(tmp_path / "sound.pt") as sound,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for entry in sound.infolist():
            packed.writestr(entry.filename, sound.read(entry))
        packed.writestr("sound/data/99", bytes(1_000_000))
    load_weights(_network(), path)
    monkeypatch.setattr(checkpoints, "MOST_UNPACKED_BYTES", 1_000_000)
    assert "unpacks to 1,0" in _refusal(path).why
    load_weights(_network(), tmp_path / "sound.pt")


def test_a_pickled_module_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "module.pth"
    torch.save(_network(), path)
    assert "torch.save(model.state_dict()" in _refusal(path).todo


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_torchscript_archive_is_refused_without_advice_to_run_it(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    path = tmp_path / "script.pt"
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)), str(path))  # type: ignore[no-untyped-call]
    recwarn.clear()
    refusal = _refusal(path)
    assert "TorchScript" in refusal.why
    assert "weights_only" not in str(refusal)
    assert [str(w.message) for w in recwarn if issubclass(w.category, UserWarning)] == []


@pytest.mark.parametrize(
    "content", [[1, 2], {"epoch": 3}, {"state_dict": {"a": 1}}, torch.zeros(3), {1: torch.zeros(1)}]
)
def test_a_file_without_a_state_dict_is_refused(tmp_path: Path, content: object) -> None:
    path = tmp_path / "checkpoint.pth"
    torch.save(content, path)
    assert _refusal(path).what == "The checkpoint holds no state dict."


def _saved(tmp_path: Path, state: dict[str, Tensor]) -> Path:
    path = tmp_path / "checkpoint.pth"
    torch.save(state, path)
    return path


def test_missing_and_unexpected_keys_are_counted_and_the_first_shown(tmp_path: Path) -> None:
    state = {f"extra{i}": torch.zeros(1) for i in range(5)}
    state["0.weight"] = _network().state_dict()["0.weight"]
    refusal = _refusal(_saved(tmp_path, state))
    assert refusal.why == (
        "7 missing: 0.bias, 1.weight, 1.bias, ...; 5 unexpected: 'extra0', 'extra1', 'extra2', ..."
    )
    assert "trained with" in refusal.todo


def test_an_empty_state_dict_is_refused(tmp_path: Path) -> None:
    assert _refusal(_saved(tmp_path, {})).why.startswith("8 missing: 0.weight")


def test_control_characters_in_a_key_are_not_printed(tmp_path: Path) -> None:
    refusal = _refusal(_saved(tmp_path, {"\x1b[2Jgone": torch.zeros(1)}))
    assert "1 unexpected: '\\x1b[2Jgone'" in refusal.why
    assert "\x1b" not in str(refusal)


def test_another_number_of_classes_is_named(tmp_path: Path) -> None:
    refusal = _refusal(_saved(tmp_path, _network(num_classes=7).state_dict()))
    assert refusal.why == (
        "2 of another shape: 3.weight is (7, 4), not (5, 4), 3.bias is (7,), not (5,)"
    )
    assert "has 7 classes" in refusal.todo
    assert "num_classes=7" in refusal.todo


def test_another_number_of_channels_is_named(tmp_path: Path) -> None:
    refusal = _refusal(_saved(tmp_path, _network(in_channels=1).state_dict()))
    assert "0.weight is (4, 1, 3, 3), not (4, 3, 3, 3)" in refusal.why
    assert "in_channels=1" in refusal.todo


@pytest.mark.parametrize(
    ("key", "shape"),
    [
        ("3.weight", (7, 9)),  # more than the number of classes differs
        ("3.bias", (7,)),  # contradicts 3.weight
        ("0.weight", (4,)),  # not even a convolution's
        ("0.weight", (4, 3, 5, 5)),
        ("1.weight", (8,)),
    ],
)
def test_no_simple_advice_where_it_would_be_wrong(
    tmp_path: Path, key: str, shape: tuple[int, ...]
) -> None:
    state = _network().state_dict() | {key: torch.zeros(shape)}
    refusal = _refusal(_saved(tmp_path, state))
    assert f"1 of another shape: {key}" in refusal.why
    assert "trained with" in refusal.todo


@pytest.mark.parametrize(
    "convert",
    [
        lambda t: t.to(torch.int8),
        lambda t: t.to(torch.complex64),
        lambda t: t.to_sparse(),
        lambda t: t.to("meta"),
    ],
    ids=["int8", "complex", "sparse", "meta"],
)
def test_tensors_of_another_type_are_refused(
    tmp_path: Path, convert: Callable[[Tensor], Tensor]
) -> None:
    state = _network().state_dict()
    state["3.weight"] = convert(state["3.weight"])
    assert _refusal(_saved(tmp_path, state)).why.startswith("1 of another type: 3.weight is")
