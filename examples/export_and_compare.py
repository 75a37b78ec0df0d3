"""Export a network in several schemes, and compare what each costs: size, noise, agreement.

python examples/export_and_compare.py shufflenet_v2_x0_5 --weights cifar10
"""

import argparse
import sys
import tempfile

import edgeship

SCHEMES = ("none", "fp16", "dynamic", "int8", "int16x8")


def main() -> int:
    """Export, print one row for each file, and run each file again."""
    parser = argparse.ArgumentParser(description="Compare the quantization schemes of a network.")
    parser.add_argument("model", help="a name, FILE.onnx or FILE.py:FUNCTION")
    parser.add_argument("--weights", help="imagenet, cifar10 or a checkpoint")
    parser.add_argument("--calib", help="a folder of pictures, or a .npy or .npz file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            result = edgeship.export(
                options.model,
                quant=SCHEMES,
                weights=options.weights,
                calib=options.calib,
                out=folder,
            )
        except edgeship.EdgeshipError as error:
            print(f"error: {error}", file=sys.stderr)
            return error.exit_code
        print("scheme       bytes    SQNR  top-1 agreement  run again")
        for file in result.files:
            again = edgeship.verify(file.path, calib=options.calib)
            top1 = file.parity.top1_agreement
            agreement = "-" if top1 is None else f"{top1:.0%}"
            print(
                f"{file.scheme:<8} {file.size:>9,} {file.parity.sqnr_db:>5.1f} dB {agreement:>16}"
                f"  {'within tolerance' if again.ok else 'OUT OF TOLERANCE'}"
            )
        for note in result.notes:
            print(f"note: {note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
