"""Runs a saved .mlpackage anywhere, from its bytes alone: the judge of what the target wrote.

It shares no code with the target, and follows the documentation of MIL's operators.
"""
