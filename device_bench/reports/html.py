"""A report as one HTML file that opens offline: style, script and drawings are inside it.

The template escapes texts from devices and files, and the page's content security policy allows no
script but ours and nothing to be loaded.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from _edgeship.device_bench.reports.parts import Section


def render(title: str, written: str, sections: Sequence[Section]) -> str:
    """Return the page.

    Args:
        title: Its heading.
        written: When it was made and by what.
        sections: The sections, in order.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    loader = PackageLoader("_edgeship.device_bench", "reports")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    # Style and script are files of this package, the same for all pages: nothing to escape.
    style, script = (
        Markup(loader.get_source(environment, name)[0])  # noqa: S704
        for name in ("page.css", "page.js")
    )
    return environment.get_template("page.html.jinja").render(
        title=title,
        written=written,
        sections=sections,
        style=style,
        script=script,
        policy=_policy(script),
    )


def _policy(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
