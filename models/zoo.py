"""Model zoo: efficient CNNs by name, with their published figures.

Importing it does not load torch; `create` does.
"""

from _edgeship.models.building import create, is_classifier
from _edgeship.models.catalog.registry import names, spec
from _edgeship.models.catalog.spec import ModelSpec

__all__ = ["ModelSpec", "create", "is_classifier", "names", "spec"]
