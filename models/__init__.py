"""Model zoo: efficient CNNs by name, with their published figures; torch loads on create()."""

from _edgeship.models.registry import create, names, spec
from _edgeship.models.spec import ModelSpec

__all__ = ["ModelSpec", "create", "names", "spec"]
