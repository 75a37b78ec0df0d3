"""The program of the process in which Core AI's runtime runs: it may crash or hang there.

It is started with a folder that holds ``model.aimodel``, and imports nothing of edgeship. For every
line with a number that it reads, it runs the function ``main`` on the arrays in ``NUMBER.npz``,
writes the results to ``NUMBER.out.npz``, and answers ``done``; what Core AI refuses it answers with
``refused`` and the reason.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import numpy as np

from coreai.authoring import AIModelAsset
from coreai.runtime import NDArray


async def main(folder: Path) -> None:
    """Answer lines until there are no more."""
    async with AIModelAsset.load(folder / "model.aimodel").executable() as model:
        function = model.load_function(model.function_names[0])
        print("ready", flush=True)
        for line in sys.stdin:
            await answer(function, folder, line.strip())


async def answer(function: Any, folder: Path, number: str) -> None:
    """Run the function on one sample, and write its results."""
    with np.load(folder / f"{number}.npz") as sample:
        # Names have a letter before: an argument of savez has the name "file".
        feeds = {name[1:]: NDArray(sample[name]) for name in sample.files}
    results = await function(feeds)
    # The arrays lie in memory of the model's: they are written before it runs again.
    arrays = {f"_{name}": result.numpy() for name, result in results.items()}
    np.savez(folder / f"{number}.out.npz", **arrays)
    print("done", flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main(Path(sys.argv[1])))
    except (RuntimeError, ValueError, TypeError, KeyError) as error:  # what its binding raises
        print("refused", " ".join(str(error).split()), flush=True)
