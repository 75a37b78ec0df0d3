"""What the user may name, and what is said when it is not there."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from _edgeship.errors import InputError
from _edgeship.export.network.network import file_name
from _edgeship.export.network.source import load_network
from _edgeship.export.network.torch_network import SEED

pytestmark = pytest.mark.slow

FACTORY = """
import torch
from torch import nn
import neighbour

def build():
    return nn.Sequential(nn.Conv2d(3, neighbour.WIDTH, 3), nn.Flatten(), nn.LazyLinear(5))

def plain():
    return nn.Sequential(nn.Conv2d(3, neighbour.WIDTH, 3))

def number():
    return 3

def fails():
    raise ValueError("no such width")

CONSTANT = 5
"""


IMAGE = {"image": np.linspace(-1, 1, 192, dtype=np.float32).reshape(1, 3, 8, 8)}


@pytest.fixture
def factory(tmp_path):
    (tmp_path / "mynet.py").write_text(FACTORY)
    (tmp_path / "neighbour.py").write_text("WIDTH = 4\n")
    return tmp_path / "mynet.py"


def test_a_name_of_the_registry_is_seeded_and_says_that_it_is_untrained():
    a, b = (load_network("shufflenet_v2_x0_5") for _ in range(2))
    assert a.untrained and "UNTRAINED" in a.weights
    assert a.shapes == ((1, 3, 224, 224),)
    assert a.preprocess is not None and a.preprocess.mean == (0.485, 0.456, 0.406)
    a, b = a.definition.module, b.definition.module
    assert not a.training
    for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True):
        assert torch.equal(x, y)


def test_num_classes_weights_and_channels(tmp_path):
    first = load_network("shufflenet_v2_x0_5", num_classes=7, shapes=[(1, 1, 64, 64)])
    path = tmp_path / "w.pth"
    state = {k: torch.full_like(v, 0.5) for k, v in first.definition.module.state_dict().items()}
    torch.save(state, path)
    second = load_network(
        "shufflenet_v2_x0_5", num_classes=7, shapes=[(1, 1, 64, 64)], weights=str(path)
    )
    assert not second.untrained
    assert second.weights == str(path)
    assert len(second.weights_sha256) == 64
    assert second.definition.module.fc.out_features == 7
    assert float(second.definition.module.fc.weight.detach()[0, 0]) == 0.5


def test_an_unknown_name_suggests_close_ones():
    with pytest.raises(InputError) as caught:
        load_network("shuflenet_v2")
    assert "shufflenet_v2" in str(caught.value)


def test_a_wrong_rank_for_a_name():
    with pytest.raises(InputError, match="takes one input of 4 dimensions"):
        load_network("shufflenet_v2", shapes=[(1, 224, 224)])


def test_a_function_in_a_file_that_imports_its_neighbour(factory):
    torch.manual_seed(SEED)
    expected = nn.Sequential(nn.Conv2d(3, 4, 3))(torch.from_numpy(IMAGE["image"])).detach().numpy()
    with load_network(f"{factory}:plain", shapes=[(1, 3, 8, 8)]) as network:
        assert network.name == "mynet_plain"
        assert network.weights == "as mynet.py:plain() sets them"
        [[found]] = network.definition.run([IMAGE])
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_a_network_is_named_by_its_module_and_function(factory, monkeypatch):
    package = factory.parent / "deep" / "nets"
    package.mkdir(parents=True)
    (package / "small.py").write_text("from torch.nn import ReLU as build\n")
    monkeypatch.chdir(factory.parent)
    for place in ("deep.nets.small", "deep/nets/small.py"):
        with load_network(f"{place}:build", shapes=[(1, 3, 8, 8)]) as network:
            assert network.name == "small_build"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("number", "returned int, not a torch.nn.Module"),
        ("fails", r"fails\(\) failed"),
        ("missing", "has no function 'missing'"),
        ("CONSTANT", "has no function 'CONSTANT'"),
    ],
)
def test_functions_that_build_nothing(factory, function, message):
    with pytest.raises(InputError, match=message):
        load_network(f"{factory}:{function}", shapes=[(1, 3, 8, 8)])


def test_a_function_needs_an_input_shape(factory):
    with pytest.raises(InputError) as caught:
        load_network(f"{factory}:plain")
    assert "--input" in caught.value.todo


def test_a_file_without_a_function(factory):
    with pytest.raises(InputError) as caught:
        load_network(str(factory), shapes=[(1, 3, 8, 8)])
    assert "mynet.py:build" in caught.value.todo


@pytest.mark.parametrize(
    ("place", "message"),
    [("nothing.py:build", "does not exist"), ("no.such.package:build", "cannot be imported")],
)
def test_places_that_are_not_there(place, message):
    with pytest.raises(InputError, match=message):
        load_network(place, shapes=[(1, 3, 8, 8)])


def test_a_file_that_does_not_compile(tmp_path):
    (tmp_path / "bad.py").write_text("def build(:\n")
    with pytest.raises(InputError, match="cannot be imported"):
        load_network(f"{tmp_path / 'bad.py'}:build", shapes=[(1, 3, 8, 8)])


@pytest.mark.parametrize("option", [{"weights": "w.pth"}, {"num_classes": 3}])
def test_options_that_do_not_go_with_an_onnx_file(option):
    with pytest.raises(InputError, match="do not go with an ONNX file"):
        load_network("model.onnx", **option)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("net", "net"),
        ("a b'c;rm -rf", "a_b_c_rm_-rf"),
        ("../../etc/passwd", "etc_passwd"),
        ("...", "model"),
    ],
)
def test_file_names_hold_nothing_dangerous(text, expected):
    assert file_name(text) == expected


def test_a_live_module_has_its_class_for_a_name_and_keeps_its_weights():
    class My_Net(nn.Sequential):  # noqa: N801
        pass

    module = My_Net(nn.Conv2d(3, 4, 3), nn.Dropout(0.5)).train()
    network = load_network(module, shapes=[(1, 3, 8, 8)])
    assert network.name == "My_Net"
    assert network.weights == "those of the live module"
    assert not network.untrained
    assert network.definition.module is module


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (nn.ReLU(), {}, "the input shape of the module is not known"),
        (nn.ReLU(), {"shapes": [(1, 3)], "weights": "w.pth"}, "do not go with a live module"),
        (nn.ReLU(), {"shapes": [(1, 3)], "num_classes": 3}, "do not go with a live module"),
        (3, {"shapes": [(1, 3)]}, "type int is not a network"),
    ],
)
def test_live_modules_that_are_refused(model, options, message):
    with pytest.raises(InputError, match=message):
        load_network(model, **options)
