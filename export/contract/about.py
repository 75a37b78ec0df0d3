"""What people say about a network: who made it, under which terms, which version it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class About:
    """What is written into files and their manifest for people; "" where nobody has said it.

    Attributes:
        author: Who made the network, or trained it.
        license: The terms that its weights come under.
        version: Of the network, as its makers count.
        description: What it is for, in a sentence or two.
    """

    author: str = ""
    license: str = ""
    version: str = ""
    description: str = ""

    def __bool__(self) -> bool:
        """Return whether anything has been said."""
        return any((self.author, self.license, self.version, self.description))
