"""Runs a saved .mlpackage anywhere, from its bytes alone: the judge of what the target wrote.

It shares no code with the target, and follows the documentation of MIL's operators.
"""

from _edgeship.export.coreml.evaluator.mil.program import MilProgram
from _edgeship.export.coreml.evaluator.reading import read_program
from _edgeship.export.coreml.evaluator.running import Evaluator, run, unknown_operators

__all__ = ["Evaluator", "MilProgram", "read_program", "run", "unknown_operators"]
