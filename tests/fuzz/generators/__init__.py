"""How a random node of each operator is made: one function an operator, or a kind of operators."""

from tests.fuzz.generators import along_axes, elementwise, layers, movement
from tests.fuzz.generators.registry import GENERATORS, Value

__all__ = ["GENERATORS", "Value", "along_axes", "elementwise", "layers", "movement"]
