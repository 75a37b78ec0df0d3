"""What commands print, as the README and the manual show it.

A block of code behind the comment ``<!-- run -->`` begins with ``$ COMMAND`` and goes on with what
that prints. ``python -m tests.docs.transcripts`` runs all of them, page by page, and writes the
output in their place; with words, only the commands that hold one of them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

_BLOCK = re.compile(r"(<!-- run -->\n```[a-z]*\n\$ ([^\n]*)\n).*?(```\n)", re.DOTALL)


@cache
def output_of(command: str) -> str:
    """Return what a command prints on stdout, without spaces at the ends of lines."""
    # The environment's own programs come first.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(  # noqa: S603  (the commands are those of our own pages)
        ["/bin/bash", "-c", command],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command} ended with {done.returncode}:\n{done.stderr}")
    # A terminal shows which stage is running in a line that goes away; a pipe gets lines that stay.
    shown = re.sub(r"\A(?:.* \.\.\.\n)+\n", "", done.stdout)
    return "".join(f"{line.rstrip()}\n" for line in shown.strip("\n").splitlines())


def rewritten(text: str, words: list[str]) -> str:
    """Return a page with the outputs of its commands as they are now."""

    def again(block: re.Match[str]) -> str:
        head, command, end = block.groups()
        if words and not any(word in command for word in words):
            return block.group()
        print(f"$ {command}", flush=True)
        return f"{head}{output_of(command)}{end}"

    return _BLOCK.sub(again, text)


def main() -> None:
    """Run the commands and write the pages."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        page.write_text(rewritten(text, sys.argv[1:]), encoding="utf-8")


if __name__ == "__main__":
    main()
