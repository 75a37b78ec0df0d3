"""Entry point of `python -m device_bench`."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C ends it with one word, even while it is still loading."""
    try:
        from device_bench.cli import PROGRAM, app
        from export.commands import interrupt

        interrupt.install()
        app(prog_name=PROGRAM)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
