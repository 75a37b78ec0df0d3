"""Functions that yield hostile samples, each in a process of its own."""

from __future__ import annotations

from numpy.random import Generator

from tests.fuzz.commands.case import Case
from tests.fuzz.commands.seeds import whole_export
from tests.fuzz.damage import pick
from tests.fuzz.data.pictures import NETWORK

_BODIES = (
    "yield None",
    "yield 3",
    "yield {}",
    "yield {'image': None}",
    "yield np.zeros((1, 3, 16, 16))",
    "yield np.zeros((3, 16, 16), np.float32) * np.nan",
    "yield np.zeros((3, 16, 16), object)",
    "yield np.zeros((3, 16, 16), 'U3')",
    "yield np.zeros((3, 1 << 40), np.float32)",
    "yield np.broadcast_to(np.float32(0), (1 << 20, 1 << 20))",
    "yield {chr(27) + '[31m': np.zeros((3, 16, 16), np.float32)}",
    "return",
    "return 7",
    "raise ValueError(chr(27) + '[31mred' + chr(0))",
    "raise KeyboardInterrupt",
    "raise GeneratorExit",
    "raise SystemExit(0)",
    "raise StopIteration",
    "raise BaseException('base')",
    "os._exit(0)",
    "os.kill(os.getpid(), 11)",
    "os.abort()",
    "sys.stdout.close(); yield np.zeros((3, 16, 16), np.float32)",
    "sys.stderr = None; raise ValueError('mute')",
    "os.close(1); os.close(2); yield 1",
    "print('x' * 100_000); yield np.zeros((3, 16, 16), np.float32)",
    "sys.setrecursionlimit(10 ** 6); yield f()[f()]",
    "yield from iter(int, 1)",
    "yield (np.zeros((3, 16, 16), np.float32),) * 9",
    "yield [np.zeros((3, 16, 16), np.float32)]",
    "yield 1; raise MemoryError",
    "import missing_module",
    "yield bytes(10)",
    "for _ in range(3): yield np.zeros((3, 16, 16), np.float32)\n    raise OSError(28, 'full')",
)

_WHOLE = (
    "",
    "f = 3",
    "def f(",
    "\x00",
    "def f(a): yield a",
    "class f: pass",
    "raise SystemExit(3)",
)


def generators_case(rng: Generator) -> Case:
    """Return a function that yields samples."""
    text = f"import os, sys\nimport numpy as np\ndef f():\n    {pick(rng, _BODIES)}\n    yield 1\n"
    if rng.random() < 0.15:
        text = pick(rng, _WHOLE)
    name = pick(rng, ("f", "f", "f", "f", "f", "g", "f\x1b[1m", ""))
    files = {NETWORK: whole_export()[NETWORK], "gen.py": text.encode()}
    return Case(NETWORK, files, ("verify", "FILE", "--calib", f"gen.py:{name}"))
