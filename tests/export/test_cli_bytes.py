"""`python -m export MODEL --io image`: .tflite files that take the bytes of pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from PIL import Image

from _edgeship.export.calibration.preprocess import Preprocess, normalize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.tflite.inspection import inspect
from tests.export.classifier import write_classifier
from tests.export.command_line import run, write_network

IMAGENET = Preprocess((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
SCHEMES = {"fp32": 90, "fp16": 45, "dynamic": 25, "int8": 22, "int16x8": 30}


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Export a network on pictures in all schemes."""
    folder = tmp_path_factory.mktemp("camera")
    network = write_network(folder / "net.onnx")
    out = folder / "out"
    quant = "none,fp16,dynamic,int8,int16x8"
    stdout, stderr = run(network, "--io", "image", "--quant", quant, "--out", out)
    return out, stdout + stderr


def fed_with_bytes(file: Path, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What LiteRT alone makes of the bytes of a picture (H, W, C)."""
    interpreter = Interpreter(str(file))
    interpreter.allocate_tensors()
    [feed], [result] = interpreter.get_input_details(), interpreter.get_output_details()
    assert feed["dtype"] == np.uint8
    interpreter.set_tensor(feed["index"], np.ascontiguousarray(pixels)[None])
    interpreter.invoke()
    found: NDArray[np.float32] = interpreter.get_tensor(result["index"])
    return found


def picture(height: int = 16, width: int = 16, channels: int = 3) -> NDArray[np.uint8]:
    pixels = np.random.default_rng(3).integers(0, 256, (height, width, channels), dtype=np.uint8)
    pixels[..., 0] //= 3
    return pixels


def sqnr_db(expected: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    noise = np.square(expected.astype(np.float64) - found).sum()
    return float(10 * np.log10(np.square(expected.astype(np.float64)).sum() / max(noise, 1e-300)))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_file_given_bytes_computes_what_the_network_does(
    camera: tuple[Path, str], scheme: str
) -> None:
    """LiteRT on bytes against ONNX Runtime on the graph that takes normalised pictures."""
    out, _ = camera
    pixels = picture()
    given = normalize(np.ascontiguousarray(pixels.transpose(2, 0, 1)), IMAGENET)[None]
    [[expected]] = run_onnx((out / "net.onnx").read_bytes(), [{"image": given}])
    assert sqnr_db(expected, fed_with_bytes(out / f"net_{scheme}.tflite", pixels)) > SCHEMES[scheme]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_bytes_normalised_as_the_metadata_say_and_quantized_are_bytes_again(
    camera: tuple[Path, str], scheme: str
) -> None:
    """What Android's code generators do with a uint8 input: normalise, then quantize."""
    found = inspect((camera[0] / f"net_{scheme}.tflite").read_bytes())
    [port], [said] = found.inputs, found.said.tensors("input")
    assert port.scale is not None
    [unit] = said["process_units"]
    mean, std = (np.float32(unit["options"][key]) for key in ("mean", "std"))
    given = np.arange(256, dtype=np.float32)
    normalised = (given - mean) / std
    np.testing.assert_array_equal(np.rint(normalised / port.scale + port.zero_point), given)
    assert said["stats"]["max"][0] == pytest.approx(normalised[-1])
    assert said["stats"]["min"][0] == pytest.approx(normalised[0])
    assert said["dimension_names"] == ["batch", "height", "width", "channels"]
    assert said["content"]["content_properties"]["color_space"] == "RGB"


def test_what_the_manifest_and_the_terminal_say(camera: tuple[Path, str]) -> None:
    out, text = camera
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["preprocess"]["mean"] == [0.485, 0.456, 0.406]  # of the graph beside them
    for artifact in manifest["artifacts"]:
        [port] = artifact["inputs"]
        assert (port["dtype"], port["layout"], port["colors"]) == ("uint8", "NHWC", "RGB")
        assert port["bytes_range"] == [0, 255]
        assert artifact["preprocess"].keys() == {"color_order", "resize", "crop"}
    [stage] = [s for s in manifest["stages"] if s["stage"] == "lower to TFLite"]
    assert "takes the bytes of pictures, normalised in the weights" in stage["detail"]
    assert stage["parity"]["max_rel"] < 1e-5
    assert "the .tflite files take the bytes of pictures, 0 to 255, RGB" in " ".join(text.split())
    assert "how an image must be prepared" not in text


@pytest.mark.parametrize("scheme", SCHEMES)
def test_verify_feeds_bytes(camera: tuple[Path, str], scheme: str) -> None:
    stdout, _ = run("verify", camera[0] / f"net_{scheme}.tflite")
    assert "yes" in stdout


def test_a_file_alone_says_what_it_takes(camera: tuple[Path, str], tmp_path: Path) -> None:
    """Without its manifest it is compared with its graph all the same."""
    file = tmp_path / "renamed.tflite"
    file.write_bytes((camera[0] / "net_fp32.tflite").read_bytes())
    assert "RGB NHWC" in run("inspect", file)[0]
    stdout, _ = run("verify", file, "--reference", camera[0] / "net.onnx")
    assert "yes" in stdout
    run("verify", file)  # in two runtimes


def test_evaluate_feeds_bytes(camera: tuple[Path, str], tmp_path: Path) -> None:
    """Classes are those of the graph, which gets the same pictures normalised."""
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    files = (camera[0] / "net.onnx", camera[0] / "net_fp32.tflite")
    stdout, _ = run("evaluate", *files, "--data", tmp_path)
    assert "100.00 %" in stdout


def test_blue_first(tmp_path: Path) -> None:
    """The network reads blue first; the app gives red first all the same."""
    network = write_network(tmp_path / "net.onnx")
    out = tmp_path / "out"
    run(network, "--io", "image", "--color", "bgr", "--quant", "none,int8", "--out", out)
    pixels = picture()
    bgr = Preprocess(IMAGENET.mean[::-1], IMAGENET.std[::-1], bgr=True)
    turned = np.ascontiguousarray(pixels[..., ::-1].transpose(2, 0, 1))
    [[expected]] = run_onnx(network.read_bytes(), [{"image": normalize(turned, bgr)[None]}])
    assert sqnr_db(expected, fed_with_bytes(out / "net_fp32.tflite", pixels)) > 90
    assert sqnr_db(expected, fed_with_bytes(out / "net_int8.tflite", pixels)) > 22
    [first, _] = json.loads((out / "manifest.json").read_text())["artifacts"]
    assert first["inputs"][0]["colors"] == first["preprocess"]["color_order"] == "RGB"
    assert "yes" in run("verify", out / "net_int8.tflite")[0]


def test_grey_pictures(tmp_path: Path) -> None:
    network = write_classifier(tmp_path / "grey.onnx", channels=1)
    out = tmp_path / "out"
    run(network, "--io", "image", "--mean", "0.13", "--std", "0.3", "--out", out)
    [artifact] = json.loads((out / "manifest.json").read_text())["artifacts"]
    assert artifact["inputs"][0]["colors"] == "GRAYSCALE"
    pixels = picture(16, 24, 1)
    given = normalize(pixels.transpose(2, 0, 1), Preprocess((0.13,), (0.3,)))[None]
    [[expected]] = run_onnx(network.read_bytes(), [{"image": given}])
    assert sqnr_db(expected, fed_with_bytes(out / "grey_fp32.tflite", pixels)) > 90


def test_an_open_batch_stays_open(tmp_path: Path) -> None:
    network = write_network(tmp_path / "net.onnx", shape=("N", 3, 16, 16))
    out = tmp_path / "out"
    stdout, stderr = run(network, "--io", "image", "--out", out, "--quant", "none,int8")
    assert "take batches of any size" in " ".join((stdout + stderr).split())
    assert "behind a subtraction" in stdout
    assert "yes" in run("verify", out / "net_int8.tflite")[0]


def test_channels_in_front_and_outputs_of_bytes(tmp_path: Path) -> None:
    network = write_network(tmp_path / "net.onnx")
    words = ("--io", "image", "--io-layout", "nchw", "--io-dtype", "uint8", "--quant", "int8")
    run(network, *words, "--out", tmp_path / "out")
    [artifact] = json.loads((tmp_path / "out" / "manifest.json").read_text())["artifacts"]
    [port], [result] = artifact["inputs"], artifact["outputs"]
    assert (port["layout"], port["shape"], result["dtype"]) == ("NCHW", [1, 3, 16, 16], "uint8")
    assert "yes" in run("verify", tmp_path / "out" / "net_int8.tflite")[0]


def test_samples_that_are_no_pictures_become_the_nearest(tmp_path: Path) -> None:
    """Files are judged by the network on what they can be given."""
    network = write_network(tmp_path / "net.onnx")
    run(network, "--io", "image", "--calib", "random", "--quant", "none,int8", "--out", tmp_path)


@pytest.mark.parametrize(
    ("shape", "why"), [((1, 4, 16, 16), "image [1,4,16,16]"), ((1, 3), "its inputs are (1, 3)")]
)
def test_what_is_no_picture_is_refused(tmp_path: Path, shape: tuple[int, ...], why: str) -> None:
    source = tmp_path / "net.py"
    source.write_text(
        "import torch\n\n\ndef net():\n    return torch.nn.Identity()\n", encoding="utf-8"
    )
    words = ("--input", ",".join(map(str, shape)), "--io", "image", "--out", tmp_path / "out")
    _, stderr = run(f"{source}:net", *words, code=2)
    assert "--io image needs a network" in stderr


def test_quantized_inputs_say_that_they_are_no_bytes(tmp_path: Path) -> None:
    network = write_network(tmp_path / "net.onnx")
    stdout, stderr = run(
        network, "--quant", "int8", "--io-dtype", "uint8", "--out", tmp_path / "out"
    )
    text = " ".join((stdout + stderr).split())
    assert "takes round(v / scale) + zero point" in text
    assert "WARNING: a picture's bytes are not that (mean 0.485, 0.456, 0.406" in text


def test_where_bytes_are_the_network_s_input_nothing_is_wrong(tmp_path: Path) -> None:
    network = write_network(tmp_path / "net.onnx")
    identity = ("--mean", "0,0,0", "--std", "0.00392156862745098," * 2 + "0.00392156862745098")
    stdout, stderr = run(
        *(network, "--quant", "int8", "--io-dtype", "uint8", *identity),
        *("--out", tmp_path / "out"),
    )
    text = " ".join((stdout + stderr).split())
    assert "takes round(v / scale) + zero point" in text
    assert "a picture's bytes are not that" not in text
