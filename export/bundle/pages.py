"""The texts of a bundle: its README, the model card, and the same card as a page.

Everything that comes from networks, files and devices is untrusted: the page's template escapes it
as HTML, and those of the texts as Markdown.
"""

from __future__ import annotations

import base64
import io
import re
from typing import TYPE_CHECKING, Any

from PIL import Image

from _edgeship.export.bundle import layout
from _edgeship.export.bundle.facts import Facts
from _edgeship.export.bundle.steps import Steps

if TYPE_CHECKING:
    from jinja2 import Environment

#: Nothing is loaded and no script runs; pictures and style are in the page.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

#: Width in pixels of pictures in the page.
_WIDTH = 320

#: Characters that mean something in Markdown wherever they stand.
_SPECIAL = re.compile(r"([\\`*\[\]<>|~])|(?<!\w)(_)|(_)(?!\w)")

#: Target -> what its files are for.
_USES = {
    "tflite": "Android, and anything else with LiteRT",
    "coreml": "iPhone, iPad and Mac",
    "coreai": "iPhone, iPad and Mac with the systems of 2026",
    "onnx": "anything with ONNX Runtime",
}

_BLANKS = re.compile(r"[\s\0]+")


def page(facts: Facts) -> bytes:
    """Return the card as one HTML file that needs nothing else."""
    from markupsafe import Markup

    environment = _environment(autoescape=True)
    loader = environment.loader
    if loader is None:
        raise RuntimeError("the templates lie beside this module")
    style = Markup(loader.get_source(environment, "card.css")[0])  # noqa: S704  (our own file)
    pictures = [_as_url(one.png) for one in facts.pictures]
    text = environment.get_template("card.html.jinja").render(
        facts=facts, style=style, policy=_POLICY, pictures=pictures
    )
    return text.encode()


def model_card(facts: Facts) -> bytes:
    """Return the model card in Markdown."""
    return _markdown("MODEL_CARD.md.jinja", facts=facts)


def readme(facts: Facts, steps: Steps) -> bytes:
    """Return what somebody reads who has nothing but the bundle."""
    return _markdown("README.md.jinja", facts=facts, steps=steps, folder=facts.name + layout.ENDING)


def _markdown(template: str, **values: Any) -> bytes:
    environment = _environment(autoescape=False, finalize=_escaped)
    environment.filters |= {"code": _code, "verbatim": _verbatim, "use": _USES.__getitem__}
    text = environment.get_template(template).render(**values)
    return (re.sub(r"\n{3,}", "\n\n", text).strip() + "\n").encode()


def _environment(**options: Any) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("_edgeship.export", "bundle")
    environment = Environment(  # noqa: S701  (Markdown is escaped by `_escaped`)
        loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, **options
    )
    environment.filters["percent"] = _percent
    return environment


def _escaped(value: object) -> object:
    """Return a value of a template as Markdown that shows it as it is."""
    from markupsafe import Markup

    if isinstance(value, Markup):
        return value
    return _SPECIAL.sub(r"\\\1\2\3", _BLANKS.sub(" ", str(value))).replace("&", "&amp;")


def _code(value: object) -> object:
    """Return a text as code in Markdown, within a line and within a table."""
    from markupsafe import Markup

    text = _BLANKS.sub(" ", str(value)).strip() or " "
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    padded = f" {text} " if "`" in text else text
    # A table's cell ends at a bar, even in code.
    return Markup(f"{ticks}{padded}{ticks}".replace("|", "\\|"))  # noqa: S704


def _verbatim(value: object) -> object:
    """Return a text for within code in Markdown, which it does not end."""
    from markupsafe import Markup

    return Markup(_BLANKS.sub(" ", str(value)).replace("`", "'"))  # noqa: S704


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _as_url(png: bytes) -> str:
    """Return a picture, made smaller, as the address of an image in a page."""
    image = Image.open(io.BytesIO(png))
    image.thumbnail((_WIDTH, _WIDTH), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
