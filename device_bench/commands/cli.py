"""The command line of the measuring: `python -m device_bench COMMAND`."""

from __future__ import annotations

from collections.abc import Callable

import typer

from _edgeship.device_bench.commands.app import app_commands
from _edgeship.device_bench.commands.compare import compare
from _edgeship.device_bench.commands.devices import devices
from _edgeship.device_bench.commands.farm import farm
from _edgeship.device_bench.commands.fit import fit
from _edgeship.device_bench.commands.guidelines import guidelines
from _edgeship.device_bench.commands.history import history
from _edgeship.device_bench.commands.predict import predict
from _edgeship.device_bench.commands.report import report
from _edgeship.device_bench.commands.run import run
from _edgeship.device_bench.commands.setup import setup
from _edgeship.device_bench.commands.store import store_commands
from _edgeship.device_bench.commands.sustain import sustain
from _edgeship.device_bench.commands.zoo import zoo
from _edgeship.terminal.command_group import EVERYWHERE_HELP, HELP, CommandGroup
from _edgeship.terminal.version import VersionOption

PROGRAM = "python -m device_bench"

COMMANDS: tuple[Callable[..., None], ...] = (
    devices,
    setup,
    run,
    compare,
    sustain,
    guidelines,
    zoo,
    fit,
    predict,
    farm,
    report,
    history,
)

EPILOG = """
Devices are `local` (this computer), `virtual` (an emulated ARM core that counts instructions),
`adb` or `adb:SERIAL` (a phone) and `ssh:HOST` (a board).

**Exit codes**: 0 done, 1 a bug, 2 wrong input, 3 outputs differ from the host's, or a gate does not
hold, 4 unsupported network, 5 device, 130 interrupted.
"""

app = typer.Typer(
    cls=CommandGroup,
    epilog=EPILOG + EVERYWHERE_HELP,
    context_settings=HELP,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.callback()
def _about(version: VersionOption = False) -> None:
    """Measure how fast .tflite files run on phones, boards and this computer."""


for _command in COMMANDS:
    app.command(_command.__name__)(_command)

app.add_typer(app_commands, name="app")
app.add_typer(store_commands, name="store")
