"""Runs the generated Python code of a bundle on its vectors, in a process of its own.

    python code_program.py BUNDLE SCRIPT OUT VECTORS

It imports nothing of edgeship: the code must do without. For each vector it leaves the outputs in
the folder OUT, and the picture as the code prepares it.
"""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

# The folder of this program has modules that are called as Python's own, such as code.
sys.path.pop(0)

import numpy as np


def main(bundle: Path, script: str, out: Path, vectors: list[dict[str, object]]) -> None:
    """Run the code.

    Args:
        bundle: The folder.
        script: The code in it.
        out: Where arrays are left.
        vectors: The records of vectors.json.
    """
    module = types.ModuleType("generated")
    sys.modules["generated"] = module
    # Not imported: that would run what lies in a __pycache__ beside the code, which nobody has
    # compared with anything, and would leave one there.
    code = compile((bundle / script).read_bytes(), script, "exec", dont_inherit=True)
    exec(code, module.__dict__)  # noqa: S102
    model = module.load(bundle)
    for number, vector in enumerate(vectors, 1):
        inputs = [
            np.load(bundle / str(name), allow_pickle=False) for name in _list(vector["inputs"])
        ]
        for place, array in enumerate(model.run(*inputs).values()):
            np.save(out / f"{number}.output{place}.npy", array)
        # Nobody prepares clips: the pictures of vectors pan over one.
        if vector["picture"] and hasattr(model, "prepare"):
            np.save(out / f"{number}.prepared.npy", model.prepare(bundle / str(vector["picture"])))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), json.loads(sys.argv[4]))
