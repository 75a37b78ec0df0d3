"""Files, their labels and their manifests."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from _edgeship.device_bench.measurement.subjects import read_subjects, unique_labels
from _edgeship.errors import InputError
from tests.device_bench.small_files import chain
from tests.export.command_line import run, write_network


@pytest.mark.parametrize(
    ("files", "labels"),
    [
        (["x/a.tflite", "x/b.tflite"], ["a.tflite", "b.tflite"]),
        (["x/a.tflite", "y/a.tflite"], ["x/a.tflite", "y/a.tflite"]),
        (["v/x/a.tflite", "w/x/a.tflite"], ["v/x/a.tflite", "w/x/a.tflite"]),
        (["a.tflite", "a.tflite", "a.tflite"], ["a.tflite", "a.tflite (2)", "a.tflite (3)"]),
        (["x/a.tflite", "x/a.tflite", "b.tflite"], ["a.tflite", "a.tflite (2)", "b.tflite"]),
        (["a.tflite", "x/a.tflite"], ["a.tflite", "x/a.tflite"]),
    ],
)
def test_labels_tell_files_apart(files, labels):
    assert unique_labels([Path(file) for file in files]) == labels


def test_a_file_without_a_manifest(tmp_path):
    path = tmp_path / 'a "b"; rm -rf.tflite'
    path.write_bytes(chain("int8"))
    [(subject, data)] = read_subjects([path])
    assert data == path.read_bytes()
    assert subject.label == path.name
    assert subject.sha256 == hashlib.sha256(data).hexdigest()
    assert subject.size == len(data)
    assert (subject.scheme, subject.model, subject.untrained) == ("int8", "", None)
    assert subject.nodes is not None and subject.nodes >= 2


@pytest.mark.slow
def test_a_manifest_says_what_a_file_is(tmp_path):
    network = write_network(tmp_path / "net.onnx")
    out = tmp_path / "out"
    run(network, "--to", "tflite", "--quant", "none", "--calib", "random", "--out", out)
    [file] = out.glob("*.tflite")
    [(subject, data)] = read_subjects([file])
    assert (subject.model, subject.scheme) == ("net", "none")
    # 16 x 16 positions, 8 filters of 3 x 3 x 3, and a matrix of 8 x 10.
    assert subject.mult_adds == 16 * 16 * 8 * 27 + 80
    assert subject.untrained is False
    # A file that is not the manifest's has nothing to do with it.
    file.write_bytes(chain())
    [(changed, _)] = read_subjects([file])
    assert (changed.model, changed.mult_adds) == ("", None)
    assert data != file.read_bytes()


def test_what_cannot_be_measured(tmp_path):
    with pytest.raises(InputError, match="No file"):
        read_subjects([])
    with pytest.raises(InputError, match="does not exist"):
        read_subjects([tmp_path / "a.tflite"])
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(InputError, match=r"a\.txt cannot be measured"):
        read_subjects([tmp_path / "a.txt"])
