"""What a lowering raises for a node that it cannot express."""

from __future__ import annotations


class Unsupported(Exception):  # noqa: N818 (it is collected, and becomes an UnsupportedError)
    """One node cannot be lowered; the message says why. All of a model's are reported at once."""


class UnknownShape(Unsupported):
    """The shape of a value is not known, often only because its node is not supported."""
