"""What the shell completes: words that options and arguments of an export may take."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import typer

from _edgeship.export.contract.choices import all_schemes
from _edgeship.export.pipeline import TARGETS


def models(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return names of networks; and of the commands, which may stand in the same place."""
    group: Any = ctx.parent and ctx.parent.command
    commands = [name for name, command in group.commands.items() if not command.hidden]
    return [name for name in commands if name.startswith(incomplete)] + networks(incomplete)


def networks(incomplete: str) -> list[str]:
    """Return names of networks."""
    from _edgeship.models.catalog.registry import names

    return [name for name in names() if name.startswith(incomplete)]


def targets(incomplete: str) -> list[str]:
    """Return targets, behind those that are typed already."""
    return _last_of_list(incomplete, TARGETS)


def schemes(incomplete: str) -> list[str]:
    """Return quantization schemes, behind those that are typed already."""
    return _last_of_list(incomplete, all_schemes(TARGETS))


def weights(incomplete: str) -> list[str]:
    """Return the weights that have names."""
    from _edgeship.models.weights.pretrained import NAMED_WEIGHTS

    return [name for name in NAMED_WEIGHTS if name.startswith(incomplete)]


def _last_of_list(incomplete: str, known: Iterable[str]) -> list[str]:
    before, comma, last = incomplete.rpartition(",")
    taken = before.split(",")
    return [
        f"{before}{comma}{word}" for word in known if word.startswith(last) and word not in taken
    ]
