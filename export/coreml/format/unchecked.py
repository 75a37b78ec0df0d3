"""Programs whose wiring coremltools does not check after each of its passes.

A package goes through some hundred passes, and the checks between them take two fifths of a
conversion. What comes out is read back and run by the evaluator.
"""

from __future__ import annotations

from typing import Any

from _edgeship.export.coreml.format.library import coremltools, quiet


def empty_program() -> Any:
    """Return a ``coremltools.converters.mil.mil.Program`` without functions, for `convert`."""
    coremltools()
    from coremltools.converters.mil.mil import Program

    class Unchecked(Program):  # type: ignore[misc]
        def validate(self, check_essential_scope: bool | None = False) -> None:
            """Accept the program as it is."""

    return Unchecked()


def compressed(model: Any, kind: str, config: Any, joint_compression: bool = False) -> Any:
    """Return a model compressed as by the functions in ``coremltools.optimize.coreml``.

    These read the model into a checked program of their own making; apart from that, this is what
    they do.

    Args:
        model: A ``coremltools.models.MLModel`` with a single function; it is not changed.
        kind: Name of the function, such as ``prune_weights``.
        config: An ``OptimizationConfig``.
        joint_compression: Whether weights that are compressed already are compressed once more.

    Returns:
        A model of its own.
    """
    coremltools()
    from coremltools.converters.mil.mil.passes.graph_pass import PassOption
    from coremltools.converters.mil.mil.passes.pass_registry import PASS_REGISTRY
    from coremltools.models.utils import _apply_graph_pass

    graph_pass = PASS_REGISTRY[f"compression::{kind}"]
    graph_pass.set_options(
        [PassOption("config", config), PassOption("joint_compression", joint_compression)]
    )
    with quiet():
        return _apply_graph_pass(model, graph_pass, pymil_load_func=_loaded)


def program_of(model: Any) -> Any:
    """Return a model as a ``coremltools.converters.mil.mil.Program``.

    Args:
        model: A ``coremltools.models.MLModel`` with a single function; it is not changed.
    """
    coremltools()
    from coremltools.models.utils import _convert_model_spec_to_pymil_prog

    with quiet():
        version = model.get_spec().specificationVersion
        return _convert_model_spec_to_pymil_prog(model, version, _loaded)


def _loaded(**source: Any) -> Any:
    """Return the program that coremltools' reader of specifications makes."""
    from coremltools.converters.mil.frontend.milproto import load as milproto

    program = empty_program()
    for name, function in milproto.load(**source).functions.items():
        program.add_function(name, function)
    return program
