from pathlib import Path

import pytest
import torch

from _edgeship.device_bench.studies.accuracy import evaluate
from _edgeship.device_bench.studies.zoo import Chosen, Entry, prepare
from _edgeship.errors import InputError
from _edgeship.export.evaluation.candidates import Asked
from _edgeship.export.evaluation.evaluate import Question
from _edgeship.export.evaluation.evaluate import evaluate as evaluate_network
from tests.export.evaluation.colours import BLUE, GREEN, RED, SIDE, write_classes
from tests.models.training.pictures import write_pictures

CIFAR = "airplane automobile bird cat deer dog frog horse ship truck".split()  # noqa: SIM905


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    folder = tmp_path_factory.mktemp("zoo")
    chosen = Chosen("effnet", "cifar10")
    return prepare(chosen, ["none", "int8"], folder, lambda model: None)


@pytest.mark.slow
def test_a_float_file_is_as_accurate_as_its_network(entries: list[Entry], tmp_path: Path) -> None:
    data = _ten_classes(tmp_path / "data")
    said: list[str] = []
    found = evaluate(entries, data, said.append)
    assert said == ["effnet"]
    assert [one.scheme for one in found] == ["none", "int8"]
    accuracy = found[0].accuracy
    assert accuracy is not None
    assert accuracy.of_file
    assert accuracy.source == "evaluated here, each file on 60 pictures in data/test"
    [network] = evaluate_network(Question(("effnet",), data, Asked(weights="cifar10"))).files
    assert network.top1 is not None
    assert 0 < network.top1.share < 1
    assert accuracy.percent == pytest.approx(100 * network.top1.share)


@pytest.mark.slow
def test_classes_that_are_not_the_networks_are_refused(
    entries: list[Entry], tmp_path: Path
) -> None:
    data = write_pictures(tmp_path / "data", 1, splits="test")
    with pytest.raises(InputError, match="'blue' is none of the 10 classes"):
        evaluate(entries, data, lambda name: None)


def _ten_classes(root: Path) -> Path:
    """Write pictures of two colours under the names of CIFAR-10's classes."""
    for name in CIFAR:
        (root / "test" / name).mkdir(parents=True)
    pictures = write_pictures(root.parent / "pictures", 30, splits="test")
    for index, path in enumerate(sorted(pictures.rglob("*.png"))):
        path.rename(root / "test" / CIFAR[index % 10] / f"{index}.png")
    return root


@pytest.mark.slow
def test_a_network_of_the_users_is_exported_and_evaluated_with_its_checkpoint(
    tmp_path: Path,
) -> None:
    source = tmp_path / "net.py"
    source.write_text(
        "import torch\n"
        "class Net(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.conv = torch.nn.Conv2d(3, 3, 1)\n"
        "    def forward(self, x):\n"
        "        return self.conv(x).mean((2, 3))\n"
    )
    checkpoint = tmp_path / "net.pth"
    state = {"conv.weight": torch.eye(3).view(3, 3, 1, 1), "conv.bias": torch.tensor([0.0, 9, 0])}
    torch.save(state, checkpoint)
    data = write_classes(tmp_path / "data", {"a": [RED, BLUE], "b": [RED], "c": [GREEN] * 3})
    chosen = Chosen(
        f"{source}:Net", str(checkpoint), (1, 3, SIDE, SIDE), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    )
    entries = prepare(chosen, ["none"], tmp_path / "zoo", lambda name: None)
    assert [(one.model, one.accuracy, one.paper_speed) for one in entries] == [
        ("net_Net", None, None)
    ]
    [entry] = evaluate(entries, data, lambda name: None, crop=1.0)
    # Its bias makes the second class win always.
    assert entry.accuracy is not None
    assert entry.accuracy.percent == pytest.approx(100 / 6)
