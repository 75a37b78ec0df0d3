"""Templates, which are files beside this one, filled with values that are source text already."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from _edgeship.export.bundle.code.view import PortView

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template: str, values: Mapping[str, object]) -> bytes:
    """Return a file that is made of a template.

    Args:
        template: Its name.
        values: What it shows; each must be source text of its language, or a name.
    """
    text = _environment().get_template(template).render(values)
    return text.encode()


def as_it_is(name: str) -> bytes:
    """Return a file that is the same for all networks."""
    return (files(__package__) / "templates" / name).read_bytes()


def shape_in_words(port: PortView) -> str:
    """Return the type and shape of a port, for a comment: ``int8 [1, 224, 224, 3]``."""
    return f"{port.dtype} {list(port.shape)}"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(  # noqa: S701  what it makes is no HTML
        loader=PackageLoader("_edgeship.export.bundle.code", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
