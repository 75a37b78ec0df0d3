"""Whole evaluations whose results are known by hand, or from PyTorch alone."""

from __future__ import annotations

import csv
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from _edgeship.errors import InputError
from _edgeship.export.evaluation.candidates import Asked, load_candidate, recorded_weights
from _edgeship.export.evaluation.evaluate import Question, evaluate
from _edgeship.export.runtimes.interpreters import open_interpreter
from _edgeship.models import zoo
from _edgeship.terminal.progress import Listener
from tests.export.command_line import run
from tests.export.evaluation.colours import (
    BLUE,
    GREEN,
    PLAIN,
    RED,
    SIDE,
    write_classes,
    write_map,
    write_picture,
    write_scores,
)

#: In the order of the scores, which is not that of their names.
COLOURS = ("red", "green", "blue")

PICTURES = {"red": [RED, RED, GREEN], "green": [GREEN] * 4, "blue": [BLUE, GREEN]}


@pytest.fixture
def question(tmp_path: Path) -> Question:
    """Two networks: the second takes green for red."""
    files = [
        write_scores(tmp_path / "all.onnx"),
        write_scores(tmp_path / "no_green.onnx", (1, 0.05, 1)),
    ]
    data = write_classes(tmp_path / "data", PICTURES)
    return Question(tuple(map(str, files)), data, PLAIN, labels=COLOURS)


def test_shares_and_paired_differences_by_hand(question: Question) -> None:
    seen: list[int] = []
    found = evaluate(question, Listener(begin=seen.append, done=seen.append))
    assert seen == [9, 9]
    assert (found.pictures, found.classes) == (9, "those of --labels")
    assert found.notes == ()
    # Right are: red 2 of 3, green 4 of 4, blue 1 of 2; and 3 of 3, 0 of 4, 1 of 2.
    counts = [(one.top1.count, one.top1.total) for one in found.files if one.top1]
    assert counts == [(7, 9), (4, 9)]
    assert all(one.top5 is None and one.pictures_per_second > 0 for one in found.files)
    [comparison] = found.comparisons
    assert comparison.agreement is not None
    assert comparison.agreement.count == 3
    paired = comparison.difference
    assert paired is not None
    assert (paired.only_file, paired.only_reference, paired.total) == (1, 4, 9)
    assert paired.difference == pytest.approx(-3 / 9)
    assert paired.p_value == pytest.approx(2 * (1 + 5) / 2**5)


def test_pictures_without_labels_are_compared_with_the_reference(question: Question) -> None:
    found = evaluate(replace(question, ignore_labels=True))
    assert found.classes == ""
    assert [(one.top1, one.top5) for one in found.files] == [(None, None)] * 2
    [comparison] = found.comparisons
    assert comparison.difference is None
    assert comparison.agreement is not None
    assert comparison.agreement.count == 3
    [output] = comparison.outputs
    # Only the score of green differs, by 0.95 of it.
    colours = np.array([c for every in PICTURES.values() for c in every]) / 255
    noise = (0.95 * colours[:, 1]) ** 2
    expected = 10 * np.log10(np.square(colours).sum() / noise.sum())
    assert output.sqnr_db == pytest.approx(expected, abs=1e-3)


def test_maps_are_compared_label_by_label(tmp_path: Path) -> None:
    names = [write_map(tmp_path / "all.onnx"), write_map(tmp_path / "no_green.onnx", (1, 0.05, 1))]
    data = write_classes(tmp_path / "data", {"red": [RED, RED], "green": [GREEN]})
    question = Question(tuple(map(str, names)), data, PLAIN)
    [comparison] = evaluate(question).comparisons  # the labels are of no use here
    assert comparison.agreement is None
    [output] = comparison.outputs
    # Red: 2 of 3 pictures in common; green: none.
    assert output.mean_iou == pytest.approx((2 / 3 + 0) / 2)
    with pytest.raises(InputError, match="no scores of classes"):
        evaluate(replace(question, names=question.names[:1]))


def test_disagreements_are_written_under_what_was_predicted(
    question: Question, tmp_path: Path
) -> None:
    folder = tmp_path / "differ"
    evaluate(replace(question, disagreements=folder))
    with (folder / "index.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    for row in rows:
        assert row["reference says"] == "green"
        assert row["file says"] == "red"
        assert row["saved as"].endswith(f"_{row['label']}_reference-green_no_green-red.png")
        original = question.data / row["picture"]
        assert (folder / row["saved as"]).read_bytes() == original.read_bytes()
    assert len(list(folder.glob("*.png"))) == 6
    page = (folder / "index.html").read_text()
    assert all(row["saved as"] in page for row in rows)
    with pytest.raises(InputError, match="exists already"):
        evaluate(replace(question, disagreements=folder))


def test_names_of_pictures_are_no_markup(question: Question, tmp_path: Path) -> None:
    write_picture(question.data / "red" / "<b>&.png", GREEN)
    evaluate(replace(question, disagreements=tmp_path / "differ"))
    page = (tmp_path / "differ" / "index.html").read_text()
    assert "red/&lt;b&gt;&amp;.png" in page
    assert "<b>" not in page


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ("red", "green", "blue", "white")}, "gives 3 scores, and there are 4 classes"),
        ({"labels": ("red", "green", "yellow")}, "'blue' is none of the 3 classes"),
        ({"ignore_labels": True, "names": 1}, "one file alone cannot be evaluated"),
    ],
)
def test_what_does_not_fit_is_one_sentence(
    question: Question, change: dict[str, object], message: str
) -> None:
    if "names" in change:
        change = {**change, "names": question.names[:1]}
    with pytest.raises(InputError, match=message):
        evaluate(replace(question, **change))


def test_files_that_take_no_picture_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="takes one input of 4 dimensions"):
        load_candidate("rexnet_x1_0", Asked(shapes=((1, 5),)))
    with pytest.raises(InputError, match="does not take one picture"):
        load_candidate("shufflenet_v2_3d_x0_25", Asked())
    (tmp_path / "no.tflite").write_bytes(b"nothing")
    with pytest.raises(InputError):
        load_candidate(str(tmp_path / "no.tflite"), Asked())


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of the first network that take 8-bit numbers and normalised pictures."""
    folder = tmp_path_factory.mktemp("exported")
    network = write_scores(folder / "all.onnx")
    data = write_classes(folder / "data", PICTURES)
    options = ["--mean", "0.4,0.5,0.6", "--std", "0.2,0.2,0.2", "--calib", data]
    run(network, "--quant", "int8", "--io-dtype", "int8", *options, "--out", folder / "out")
    return folder


@pytest.mark.slow
def test_a_file_gets_what_its_manifest_says(exported: Path) -> None:
    file = exported / "out" / "all_int8.tflite"
    candidate = load_candidate(str(file), Asked())
    assert candidate.preprocess.mean == (0.4, 0.5, 0.6)
    assert candidate.notes == ()
    detail = open_interpreter(file.read_bytes()).get_input_details()[0]
    assert detail["dtype"] == np.int8
    names = (str(exported / "out" / "all.onnx"), str(file))
    found = evaluate(Question(names, exported / "data", labels=COLOURS))
    assert [one.top1.count for one in found.files if one.top1] == [7, 7]
    assert found.comparisons[0].outputs[0].sqnr_db > 30
    # What the user says comes first: with other means, red is no longer the brightest.
    shifted = Asked(mean=(9.0, 0.5, 0.6))
    assert load_candidate(str(file), shifted).preprocess.mean == (9.0, 0.5, 0.6)
    found = evaluate(Question(names[1:], exported / "data", shifted, labels=COLOURS))
    assert found.files[0].top1 is not None
    assert found.files[0].top1.count == 5


@pytest.mark.slow
def test_a_file_that_was_changed_is_told_so(exported: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    for file in (exported / "out").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    changed = folder / "all_int8.tflite"
    changed.write_bytes(changed.read_bytes() + bytes(16))
    notes = load_candidate(str(changed), Asked()).notes
    assert "was written for another all_int8.tflite" in notes[0]
    assert "assumed: mean 0.485" in notes[1]


CIFAR = "airplane automobile bird cat deer dog frog horse ship truck".split()  # noqa: SIM905


def test_a_checkpoint_is_as_accurate_as_in_pytorch(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    labels, arrays = [], []
    for index in range(70):
        name = CIFAR[int(noise.integers(10))]
        (tmp_path / "data" / name).mkdir(parents=True, exist_ok=True)
        pixels = noise.integers(0, 256, (4, 4, 3)).astype(np.uint8).repeat(8, 0).repeat(8, 1)
        Image.fromarray(pixels).save(tmp_path / "data" / name / f"{index:03}.png")
        labels.append(CIFAR.index(name))
        arrays.append(pixels)
    mean, std = torch.tensor((0.4914, 0.4822, 0.4465)), torch.tensor((0.247, 0.2435, 0.2616))
    images = ((torch.tensor(np.array(arrays)) / 255 - mean) / std).permute(0, 3, 1, 2)
    with torch.inference_mode():
        scores = zoo.create("effnet", weights="cifar10").eval()(images)
    hits = scores.topk(5).indices == torch.tensor(labels)[:, None]
    expected = int(hits[:, 0].sum()), int(hits.sum())
    assert 0 < expected[0] < expected[1] < 70

    question = Question(("effnet",), tmp_path / "data", Asked(weights="cifar10"))
    found = evaluate(question)
    [one] = found.files
    assert one.top1 is not None
    assert one.top5 is not None
    assert (one.top1.count, one.top5.count) == expected
    assert found.classes == f"those recorded with {one.name}"


def test_random_weights_are_told(tmp_path: Path) -> None:
    candidate = load_candidate("effnet", Asked())
    assert "effnet is UNTRAINED" in candidate.notes[0]


def test_a_network_of_the_users_runs_with_a_checkpoint(tmp_path: Path, question: Question) -> None:
    source = tmp_path / "net.py"
    source.write_text(
        "import torch\n"
        "class Net(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.weights = torch.nn.Parameter(torch.zeros(3))\n"
        "    def forward(self, x):\n"
        "        return x.mean((2, 3)) * self.weights\n"
    )
    checkpoint = tmp_path / "net.pth"
    torch.save({"weights": torch.tensor([1.0, 0.05, 1.0])}, checkpoint)
    asked = replace(PLAIN, weights=str(checkpoint), shapes=((1, 3, SIDE, SIDE),))
    names = (question.names[1], f"{source}:Net")
    found = evaluate(replace(question, names=names, asked=asked))
    assert [one.top1.count for one in found.files if one.top1] == [4, 4]
    assert found.comparisons[0].outputs[0].sqnr_db > 100


@pytest.mark.slow
def test_the_weights_that_a_manifest_names(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"weights of .*all_int8\.tflite are not here"):
        recorded_weights(exported / "out" / "all_int8.tflite")
    with pytest.raises(InputError, match="No manifest"):
        recorded_weights(write_scores(tmp_path / "alone.onnx"))


def test_names_that_a_file_brings_order_the_classes(tmp_path: Path) -> None:
    network = write_scores(tmp_path / "all.onnx")
    (tmp_path / "colours.txt").write_text("\n".join(COLOURS))
    given = ("--mean", "0,0,0", "--std", "1,1,1", "--labels", tmp_path / "colours.txt")
    run(network, "--to", "onnx", *given, "--out", tmp_path / "out")
    data = write_classes(tmp_path / "data", PICTURES)
    file = str(tmp_path / "out" / "all_fp32.onnx")
    found = evaluate(Question((file,), data, replace(PLAIN, mean=None, std=None)))
    assert found.classes == f"those recorded with {file}"
    assert [(one.top1.count, one.top1.total) for one in found.files if one.top1] == [(7, 9)]
    # Pictures that are labelled otherwise are not judged by these names.
    others = {f"n{place}": PICTURES[name] for place, name in enumerate(COLOURS)}
    data = write_classes(tmp_path / "others", others)
    found = evaluate(Question((file,), data, replace(PLAIN, mean=None, std=None)))
    assert found.classes == "the labels, sorted by name"
    assert [one.top1.count for one in found.files if one.top1] == [7]
    # Nor are names that somebody has changed.
    (tmp_path / "out" / "labels.txt").write_text("blue\ngreen\nred\n")
    assert load_candidate(file, Asked()).labels == ()


def test_disagreements_of_one_file_are_refused(question: Question, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs two files"):
        evaluate(replace(question, names=question.names[:1], disagreements=tmp_path / "differ"))


def test_outputs_without_classes_cannot_disagree(tmp_path: Path) -> None:
    data = write_classes(tmp_path / "data", {"a": [RED] * 70})
    files = [str(write_map(tmp_path / name)) for name in ("one.onnx", "two.onnx")]
    counted: list[int] = []
    with pytest.raises(InputError, match="leave --save-disagreements out"):
        evaluate(
            Question(tuple(files), data, PLAIN, disagreements=tmp_path / "differ"),
            Listener(done=counted.append),
        )
    assert not counted  # said at once
    assert not (tmp_path / "differ").exists()


def test_disagreements_on_names_that_are_no_utf8(question: Question, tmp_path: Path) -> None:
    write_picture(tmp_path / "0.png", GREEN)
    (tmp_path / "0.png").rename(question.data / "red" / os.fsdecode(b"\xff.png"))
    evaluate(replace(question, disagreements=tmp_path / "differ"))
    for name in ("index.csv", "index.html"):
        assert "red/\\udcff.png" in (tmp_path / "differ" / name).read_text(encoding="utf-8")


def test_a_crop_of_nothing_is_refused(question: Question) -> None:
    with pytest.raises(InputError, match=r"The crop 0\.0 must lie above 0"):
        evaluate(replace(question, asked=replace(PLAIN, crop=0.0)))
