"""Our Core ML packages beside those of coremltools' own torch front end, on the same inputs.

Run: python benchmarks/coreml_frontend.py --python OTHER/bin/python [MODEL ...]

coremltools 9.0 traces with torch.jit and breaks with NumPy 2.4, so its half runs in another
environment, made with

    python -m venv OTHER
    OTHER/bin/pip install 'numpy<2.3' coremltools torch safetensors typer rich pydantic pillow

Both make a float32 package of the same network with the same random weights. The evaluator runs
both on the same pictures, and the table shows how far each is from torch and from the other, as a
fraction of the output's range, with the operators and the seconds of each conversion.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MODELS = (
    "shufflenet_v2",
    "shufflenet_v1_g3_x1_0",
    "mobilenet_v1",
    "mobilenet_v2",
    "rexnet_x1_0",
    "effnet",
    "resnet_50",
    "se_shufflenet_v2_164",
)


def make(name: str, package: Path) -> None:
    """Write coremltools' package of a network; runs in the other environment."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import coremltools
    import torch

    from _edgeship.models import zoo

    start = time.perf_counter()
    network = zoo.create(name).eval()
    example = torch.zeros(1, *zoo.spec(name).input_size)
    model = coremltools.convert(
        torch.jit.trace(network, example),
        inputs=[coremltools.TensorType("input", example.shape)],
        minimum_deployment_target=coremltools.target.iOS15,
        compute_precision=coremltools.precision.FLOAT32,
        skip_model_load=True,
    )
    model.save(str(package))
    print(json.dumps(time.perf_counter() - start))


def row(name: str, python: str) -> str:
    """Return a row of the Markdown table."""
    from _edgeship.export.contract.request import Request
    from _edgeship.export.coreml.evaluator import Evaluator, read_program
    from _edgeship.export.coreml.format.package import read_package
    from _edgeship.export.network.definition import LiveModule
    from _edgeship.export.pipeline import export
    from _edgeship.export.verification.metrics import compare
    from _edgeship.models import zoo

    shape = (1, *zoo.spec(name).input_size)
    samples = [{"input": picture} for picture in pictures(shape)]
    expected = LiveModule(zoo.create(name)).run(samples)
    with tempfile.TemporaryDirectory() as folder:
        theirs = Path(folder) / "theirs.mlpackage"
        command = [python, __file__, "--make", str(theirs), name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return f"| {name} | {done.stderr.strip().splitlines()[-1]} | | | | | | |"
        seconds = [json.loads(done.stdout.splitlines()[-1])]
        start = time.perf_counter()
        result = export(Request(name, targets=("coreml",), out=Path(folder) / "ours"))
        seconds.append(time.perf_counter() - start)
        outputs, operators = [], []
        for path in (theirs, Path(folder) / "ours" / result.manifest.artifacts[0].file):
            program = read_program(read_package(path))
            evaluator = Evaluator(program)
            (port,) = program.inputs
            runs = [evaluator.run({port.name: sample["input"]}) for sample in samples]
            outputs.append([list(run.values()) for run in runs])
            operators.append(sum(operation.kind != "const" for operation in program.operations))
    errors = (
        compare(expected, outputs[0]).max_rel,
        compare(expected, outputs[1]).max_rel,
        compare(outputs[0], outputs[1]).max_rel,
    )
    return (
        f"| {name} | {errors[0]:.1e} | {errors[1]:.1e} | {errors[2]:.1e} | {operators[0]} | "
        f"{operators[1]} | {seconds[0]:.1f} | {seconds[1]:.1f} |"
    )


def pictures(shape: tuple[int, ...]) -> list:
    """Return four of the pictures shipped with edgeship, normalised."""
    from _edgeship.export.calibration.input_spec import specs_of
    from _edgeship.export.calibration.preprocess import default_preprocess
    from _edgeship.export.calibration.samples import load_samples

    samples = load_samples(None, specs_of({"input": shape}), default_preprocess(shape[1]), limit=4)
    return [sample["input"] for sample in samples.arrays]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--python", help="interpreter of the other environment")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make is not None:
        make(arguments.models[0], arguments.make)
        return
    if arguments.python is None:
        parser.error("--python is needed")
    print("Largest error as a fraction of the output's range; seconds of ours with verification.\n")
    print(
        "| model | theirs, torch | ours, torch | ours, theirs | operators, theirs | ours | "
        "seconds, theirs | ours |\n|---|" + "--:|" * 7
    )
    for name in arguments.models:
        print(row(name, arguments.python), flush=True)


if __name__ == "__main__":
    main()
