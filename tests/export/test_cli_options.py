"""Wrong input to `python -m export MODEL`: one message on stderr, exit code 2, nothing written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from _edgeship.errors import InputError
from _edgeship.export.commands.options import parse_schemes
from _edgeship.export.coreml.schemes import check_ios, oldest_ios
from _edgeship.terminal.numbers import parse_shape
from tests.export.command_line import ROOT, run, write_network

NAME = "shufflenet_v2"

W8A8 = ("--to", "coreml", "--quant", "w8a8")

WRONG = [
    (("shufflenet_v2_x10",), "Did you mean shufflenet_v2_x1_0"),
    (("nosuch.onnx",), "nosuch.onnx does not exist."),
    (("nets/nosuch",), "nets/nosuch does not exist."),
    (("nosuch.py:build", "--input", "1,3,8,8"), "nosuch.py does not exist."),
    (("nets.py",), "nets.py is a file, but neither .onnx nor a function."),
    (("nets.py:shapeless",), "--input 1,3,224,224"),
    (("nets.py:build", "--input", "1,3,8,8"), "nets.py has no function 'build'."),
    (("quits.py:build", "--input", "1,3,8,8"), "SystemExit: 3"),
    (("weights.pth",), "--weights weights.pth"),
    (("empty",), "empty is a folder, not a network."),
    (("empty/corrupt.onnx",), "does not exist"),
    (("folder.onnx",), "folder.onnx is a folder, not a file."),
    (("corrupt.onnx",), "corrupt.onnx is not a readable ONNX model."),
    (("[red]x.onnx",), "[red]x.onnx is not a readable ONNX model."),
    (("open.onnx",), "leaves axes of its inputs open: image (batch, 3, height, 16)"),
    (("open.onnx",), "--input 1,3,224,16"),
    (("open.onnx", "--input", "1,3,16"), "--input 1,3,16 does not fit the input image"),
    (("open.onnx", "--input", "1,4,16,16"), "the weights are for 3 channels, not 4"),
    (("open.onnx", "--input", "1,3,16,16", "--input", "1"), "--input was given 2 times"),
    (("open.onnx", "--weights", "weights.pth"), "do not go with an ONNX file"),
    ((NAME, "--input", "1,3,224"), "takes one input of 4 dimensions"),
    ((NAME, "--input", "1,3,x"), "--input '1,3,x' is not a list of whole numbers."),
    ((NAME, "--input", ""), "--input '' is not a list of whole numbers."),
    ((NAME, "--input", "1,3,0,5"), "has an extent below 1"),
    ((NAME, "--input", "1,3,-1,5"), "has an extent below 1"),
    ((NAME, "--input", "1,3,99999,99999"), "has 29,999,400,003 elements"),
    (
        (NAME, "--to", "coreml", "--quant", "dynamic"),
        "--quant dynamic does not go with",
    ),
    ((NAME, "--quant", "palette6"), "--quant palette6 does not go with --to tflite."),
    ((NAME, "--to", "tflite,coreml", "--quant", "palette6"), "--to tflite has none of the"),
    ((NAME, "--to", "coreml", "--quant", "pallete6"), "did you mean palette6"),
    ((NAME, "--to", "coreml", "--ios", "14"), "There is no deployment target '14' for --ios."),
    ((NAME, "--to", "coreml", "--ios", "old"), "--ios"),
    ((NAME, *W8A8, "--ios", "16"), "--ios 16 does not go with --quant int8."),
    ((NAME, "--to", "coreml", "--quant", "palette4", "--ios", "15"), "use --ios 16"),
    ((NAME, "--ios", "16"), "--ios does not go with --to tflite."),
    ((NAME, "--to", "onnx", "--io", "image"), "--io image does not go with --to onnx."),
    ((NAME, "--io", "picture", "--to", "coreml"), "choose from tensor, image"),
    ((NAME, "--labels", "nosuch.txt"), "nosuch.txt does not exist"),
    ((NAME, "--labels", "empty"), "empty is a folder, not a file"),
    ((NAME, "--labels", "twice.txt"), "names the class 'crane' in lines 1 and 3"),
    ((NAME, "--labels", "gap.txt"), "has no class in line 2"),
    ((NAME, "--labels", "blank.txt"), "has no class in line 1"),
    ((NAME, "--labels", "latin.txt"), "is not UTF-8"),
    ((NAME, "--labels", "good.txt", "--labels", "gap.txt"), "names the classes twice"),
    ((NAME, "--labels", "checkpoint", "--labels", "good.txt"), "takes no further names"),
    ((NAME, "--input-names", ","), "--input-names is empty"),
    ((NAME, "--output-names", "the scores"), "'the scores' is no name that all files can have"),
    ((NAME, "--output-names", "state"), "for example state_"),
    ((NAME, "--output-names", "a,a"), "--output-names has it twice"),
    ((NAME, "--input-names", "a", "--output-names", "a"), "--input-names has it, too"),
    ((NAME, *W8A8, "--io-dtype", "int8"), "--io-dtype does not go with --to coreml."),
    ((NAME, "--color", "brg"), "did you mean rgb or bgr"),
    ((NAME, "--to", "tflit"), "did you mean tflite?"),
    ((NAME, "--to", ""), "--to is empty."),
    ((NAME, "--quant", "int9"), "did you mean int8?"),
    ((NAME, "--quant", "int8,wrong"), "There is no scheme 'wrong'"),
    ((NAME, "--quant", ","), "choose from none, fp16, dynamic, int8, int16x8"),
    ((NAME, "--mean", "a"), "--mean 'a' is not a list of numbers."),
    ((NAME, "--mean", "nan,0,0"), "not finite"),
    ((NAME, "--mean", "1,1"), "--mean has 2 values, and the input has 3 channels."),
    ((NAME, "--input", "1,1,9,9", "--std", "1,1,1"), "--std has 3 values, and the input has 1 "),
    ((NAME, "--std", "1,0,1"), "--std 1,0,1 must be above 0."),
    (("open.onnx", "--mean", "1", "--std", "1,1"), "--mean has 1 values and --std has 2."),
    ((NAME, "--io-layout", "nwhc"), "did you mean nhwc?"),
    ((NAME, "--io-dtype", "int4"), "did you mean int8 or uint8?"),
    ((NAME, "--io-dtype", "int8"), "--io-dtype int8 does not go with --quant none."),
    ((NAME, "--io-dtype", "uint8", "--quant", "fp16,int16x8"), "use --quant int8"),
    ((NAME, "--weights", "nosuch.pth"), "--weights nosuch.pth: nosuch.pth does not exist."),
    ((NAME, "--weights", "empty"), "empty is a folder, not a file."),
    ((NAME, "--num-classes", "0"), "--num-classes"),
    ((NAME, "--num-classes", "many"), "--num-classes"),
    ((NAME, "--calib", "nosuch"), "There is no calibration source nosuch."),
    ((NAME, "--calib", "empty"), "The folder empty holds no images."),
    ((NAME, "--calib", "unreadable"), "cannot be read"),
    ((NAME, "--calib", "nets.py"), "not of a kind that is accepted"),
    ((NAME, "--out", "nets.py"), "nets.py is a file, not a folder."),
    ((NAME, "--out", "nets.py/out"), "nets.py is a file, not a folder."),
    ((NAME, "--qant", "int8"), "No such option: --qant"),
    ((NAME, "another"), "another"),
    (("--quant", "int8"), "Missing argument 'MODEL'"),
    (("\x1b[31mred",), "\\x1b[31mred"),
    (("x" * 300 + ".onnx",), "File name too long"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a working directory with one of each thing that can be wrong."""
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "unreadable", "folder.onnx"):
        (tmp_path / name).mkdir()
    (tmp_path / "unreadable" / "picture.jpg").write_text("no picture")
    (tmp_path / "nets.py").write_text("from torch.nn import Identity as shapeless\n")
    (tmp_path / "quits.py").write_text("import sys; sys.exit(3)")
    (tmp_path / "weights.pth").write_text("")
    (tmp_path / "corrupt.onnx").write_bytes(b"\xff" * 100)
    (tmp_path / "[red]x.onnx").write_bytes(b"")
    (tmp_path / "good.txt").write_text("cat\ndog\n")
    (tmp_path / "twice.txt").write_text("crane\ncat\ncrane\n")
    (tmp_path / "gap.txt").write_text("cat\n\ndog\n")
    (tmp_path / "blank.txt").write_text("\n")
    (tmp_path / "latin.txt").write_bytes("Käfer".encode("latin-1"))
    write_network(tmp_path / "open.onnx", shape=("batch", 3, "height", 16))
    return tmp_path


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_input_is_one_message_on_stderr(
    folder: Path, arguments: tuple[str, ...], message: str
) -> None:
    before = sorted(folder.rglob("*"))
    stdout, stderr = run(*arguments, code=2)
    assert stderr.startswith("error: ")
    assert stderr.count("error: ") == 1
    assert message in stderr
    assert stdout in ("", "load ...\n")
    ours = [path for path in sorted(folder.rglob("*")) if "__pycache__" not in path.parts]
    assert ours == before


@pytest.mark.slow
def test_wrong_input_is_found_before_torch_is_imported(folder: Path) -> None:
    code = (
        "import json, sys; from typer.testing import CliRunner\n"
        "from _edgeship.export.commands.cli import app\n"
        "for words in json.loads(sys.argv[1]):\n"
        "    result = CliRunner().invoke(app, words)\n"
        "    assert result.exit_code == 2, (words, result.output)\n"
        "    assert 'torch' not in sys.modules, words"
    )
    cases = json.dumps([arguments for arguments, _ in WRONG])
    subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code, cases], cwd=folder, env={"PYTHONPATH": str(ROOT)}, check=True
    )


def test_an_output_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    # Nothing can be made there, not even by root, who is free of permissions.
    _, stderr = run("open.onnx", "--input", "1,3,16,16", "--out", "/proc/edgeship", code=2)
    assert stderr.startswith("error: the output folder /proc/edgeship cannot be written.")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("def build(): raise RuntimeError('no [bold]luck[/bold]')", "no [bold]luck[/bold]"),
        ("def build(): return 5", "returned int, not a torch.nn.Module"),
        ("build = 5", "has no function 'build'"),
        ("def (", "SyntaxError"),
        ("import nosuchpackage", "No module named 'nosuchpackage'"),
        ("def build(): raise SystemExit(4)", "SystemExit: 4"),
    ],
)
def test_a_function_that_gives_no_network_is_named(folder: Path, body: str, message: str) -> None:
    (folder / "own_net.py").write_text(body)
    _, stderr = run("own_net.py:build", "--input", "1,3,8,8", code=2)
    assert stderr.startswith("error: own_net.py")
    assert message in stderr


def test_weights_of_another_network_are_refused(folder: Path) -> None:
    import torch

    torch.save({"conv.weight": torch.zeros(1)}, folder / "other.pth")
    _, stderr = run("shufflenet_v2_x0_5", "--weights", "other.pth", code=2)
    assert "other.pth" in stderr
    assert "where: load" in stderr


@pytest.mark.parametrize(
    ("schemes", "oldest"),
    [(["none"], 15), (["fp16", "palette6"], 16), (["int8", "none"], 17)],
)
def test_the_oldest_ios_is_what_the_schemes_need(schemes: list[str], oldest: int) -> None:
    assert oldest_ios(schemes) == oldest
    check_ios(oldest, schemes)
    with pytest.raises(InputError):
        check_ios(oldest - 1, schemes)


def test_each_target_may_have_schemes_of_its_own() -> None:
    both = ("tflite", "coreml")
    assert parse_schemes("dynamic,palette6,w8a8,int8", both) == ("dynamic", "palette6", "int8")


def test_lists_are_read_in_any_case_and_once_each() -> None:
    assert parse_schemes("INT8, none,int8") == ("int8", "none")
    assert parse_shape("1, 3,224,224") == (1, 3, 224, 224)
