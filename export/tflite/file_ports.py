"""How a file's inputs and outputs relate to those of an ONNX graph it was not exported with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from _edgeship.errors import InputError
from _edgeship.export.calibration.preprocess import COLOR_MODES
from _edgeship.export.contract.manifest import AXES, AXES_LAST
from _edgeship.export.contract.manifest import Port as RecordedPort
from _edgeship.export.contract.model_file import Shapes
from _edgeship.export.runtimes.tflite_ports import PortSpec
from _edgeship.export.tflite.building.layout import Perm, channels_last, identity, permuted
from _edgeship.export.tflite.inspection import FilePort


def match(
    side: str,
    ports: Sequence[FilePort],
    expected: Shapes,
    recorded: Sequence[RecordedPort],
    nhwc: Collection[str] = (),
) -> tuple[PortSpec, ...]:
    """Relate the inputs or the outputs of a file to those of the graph.

    Ports go together by their names where these are the same, else by their order. The axis
    order is the recorded one, or else ONNX's own if the shapes agree, or else channels last.

    Args:
        side: ``input`` or ``output``, for messages.
        ports: Those of the file.
        expected: Those of the graph.
        recorded: What a manifest says about those of the file.
        nhwc: Those of the graph whose channels lie at the end there, too.

    Returns:
        One for each of ``expected``, in the same order.

    Raises:
        InputError: The numbers or shapes of the ports do not fit.
    """
    if len(ports) != len(expected):
        raise InputError(
            f"The file has {len(ports)} {side}s and the reference {len(expected)}.",
            todo="give the graph that the file was made from: --reference FILE.onnx",
        )
    layouts = {port.name: port.layout for port in recorded}
    by_name = {port.name: port for port in ports}
    if set(by_name) == set(expected):
        ports = [by_name[name] for name in expected]
    return tuple(
        PortSpec(
            port.name,
            port.shape,
            _perm(side, port, shape, layouts.get(port.name, ""), AXES_LAST if last else AXES),
        )
        for port, shape, last in zip(
            ports, expected.values(), (name in nhwc for name in expected), strict=True
        )
    )


def on_their_own(ports: Sequence[FilePort]) -> tuple[PortSpec, ...]:
    """Return ports of a file that has no graph: channels last if the last axis holds colours."""
    return tuple(PortSpec(port.name, port.shape, _perm_by_colour(port.shape)) for port in ports)


def _perm(
    side: str, port: FilePort, shape: tuple[int, ...], layout: str, letters: Mapping[int, str]
) -> Perm:
    rank = len(shape)
    orders = [identity(rank), channels_last(rank)]
    axes = letters.get(rank, "")
    if layout and sorted(layout) == sorted(axes):
        orders = [tuple(axes.index(letter) for letter in layout)]
    for order in orders:
        if permuted(shape, order) == port.shape:
            return order
    raise InputError(
        f"The {side} {port.name!r} of the file has shape {port.shape}, and the reference {shape}.",
        todo="give the graph that the file was made from: --reference FILE.onnx",
    )


def _perm_by_colour(shape: tuple[int, ...]) -> Perm:
    rank = len(shape)
    colours_last = rank >= 4 and shape[-1] in COLOR_MODES and shape[1] not in COLOR_MODES
    return channels_last(rank) if colours_last else identity(rank)
