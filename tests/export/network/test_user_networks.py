"""What a user may name: a function, a class, a network, a saved one; with weights or without."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from _edgeship.errors import InputError
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.network.definition import LiveModule
from _edgeship.export.network.source import load_network
from _edgeship.export.network.user_process import UserProcess
from tests.export.network.user_networks import BUILD, HEAD, SAMPLE, SHAPE, loads, write

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("temporary")]


def test_a_network_itself_and_its_class_can_be_named(tmp_path: Path) -> None:
    text = "class Net(nn.Conv2d):\n    def __init__(self):\n        super().__init__(3, 2, 1)\n"
    place = write(tmp_path, HEAD + text + "NET = Net()\n")
    loads(place, "Net")
    loads(place, "NET")


@pytest.mark.parametrize("name", ["net.pt2", "net.pt", "net.torchscript"])
def test_networks_that_torch_has_saved_whole(tmp_path: Path, name: str) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU()).eval()
    path, x = tmp_path / name, torch.from_numpy(SAMPLE["x"])
    if name.endswith(".pt2"):
        torch.export.save(torch.export.export(module, (x,)), path)
    else:
        torch.jit.script(module).save(str(path))
    with load_network(str(path), shapes=() if name.endswith(".pt2") else [SHAPE]) as network:
        assert network.shapes == (SHAPE,)
        assert network.name == "net"
        graph = network.definition.capture(network.shapes)
        assert bool(network.definition.traced) != name.endswith(".pt2")
        assert [node.op_type for node in graph.graph] == ["Conv", "Relu"]
        [[found]] = network.definition.run([SAMPLE])
        np.testing.assert_allclose(found, module(x).detach().numpy(), atol=1e-6)


def test_a_saved_network_without_shapes_and_a_damaged_one(tmp_path: Path) -> None:
    torch.jit.script(nn.ReLU()).save(str(tmp_path / "net.pt"))
    with pytest.raises(InputError, match="input shape of") as caught:
        load_network(str(tmp_path / "net.pt"))
    assert "--input" in caught.value.todo
    with zipfile.ZipFile(tmp_path / "bad.pt2", "w") as archive:
        archive.writestr("nothing", "")
    with pytest.raises(InputError, match="cannot be read"):
        load_network(str(tmp_path / "bad.pt2"))
    torch.save(nn.ReLU().state_dict(), tmp_path / "weights.pt")
    with pytest.raises(InputError, match="holds weights, not a network"):
        load_network(str(tmp_path / "weights.pt"))


def test_networks_built_while_importing_are_seeded(tmp_path: Path) -> None:
    place = write(tmp_path, HEAD + "NET = nn.Conv2d(3, 2, 1)\ndef build():\n    return NET\n")
    graphs = []
    for _ in range(2):
        process = UserProcess(place, "build")
        graphs.append(serialize(process.capture([SHAPE])))
        process.close()
    assert graphs[0] == graphs[1]


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_weights_are_read_here_and_used_there(tmp_path: Path, suffix: str) -> None:
    from safetensors.torch import save_file

    trained = nn.Conv2d(3, 2, 1)
    checkpoint = tmp_path / f"w.{suffix}"
    (torch.save if suffix == "pth" else save_file)(trained.state_dict(), checkpoint)
    with load_network(
        f"{write(tmp_path, BUILD)}:build", shapes=[SHAPE], weights=str(checkpoint)
    ) as network:
        graph = network.definition.capture([SHAPE])
        assert len(network.weights_sha256 or "") == 64
    assert serialize(graph) == serialize(LiveModule(trained).capture([SHAPE]))


def test_weights_that_do_not_fit_are_refused(tmp_path: Path, temporary: Path) -> None:
    torch.save(nn.Conv2d(3, 5, 1).state_dict(), tmp_path / "w.pth")
    with pytest.raises(InputError, match="does not fit"):
        load_network(
            f"{write(tmp_path, BUILD)}:build", shapes=[SHAPE], weights=str(tmp_path / "w.pth")
        )
    assert not list(temporary.glob("edgeship-*"))
