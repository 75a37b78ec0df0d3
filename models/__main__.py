"""Entry point of `python -m models`."""

from _edgeship.models.commands.cli import app

app(prog_name="python -m models")
