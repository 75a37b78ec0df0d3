"""Entry point of `python -m edgeship`."""

from edgeship.cli import main

if __name__ == "__main__":
    main()
