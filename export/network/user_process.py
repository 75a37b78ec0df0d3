"""A network that a user defines in Python, in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from _edgeship.errors import InputError
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.network.array_files import read_arrays, write_arrays
from _edgeship.export.network.pretrained_cfg import Stated, stated
from _edgeship.export.network.user_link import UserLink

if TYPE_CHECKING:
    import onnx_ir as ir

    from _edgeship.export.runtimes.values import Outputs, Sample


class UserProcess:
    """The network that a user's function returns; see `definition.Definition`.

    Nothing that the user's code does there reaches our process; see `user_link.UserLink`.

    Attributes:
        reference: What its outputs come from.
        is_graph: False: the graph is a translation, which may be wrong.
        folds: Whether training branches were folded by the capture.
        traced: Why the capture traced it as TorchScript, or "".
        shapes: Shape of each input, as far as a file of torch's own tells; empty for functions.
        dtypes: Likewise, the types.
        stated: What the network states of its pictures.
    """

    reference = "torch"
    is_graph = False
    capture_kind = "float"
    heads = ()

    def __init__(self, place: str, function: str = "", dtypes: Sequence[str] = ()) -> None:
        """Start the process, import the module and build the network, or read it.

        Args:
            place: ``FILE.py`` or ``package.module``; or a file that torch has saved the whole
                network in: a .pt2 file or a TorchScript archive.
            function: What the module calls the function, which takes no arguments; "" for a file
                of torch's.
            dtypes: Type of each input, by torch's name; float32 for all if there are none.

        Raises:
            InputError: The user's code fails, ends the process, or builds no network.
        """
        self.folds = False
        self.traced = ""
        self.shapes: tuple[Shape, ...] = ()
        self.dtypes = tuple(dtypes)
        self.stated: Stated = {}
        self._parameters = 0
        self._link = UserLink()
        named = f"{place}:{function}"
        try:
            if function:
                self._link.ask(
                    f"{place} cannot be imported.", "load", place=place, function=function
                )
                found = self._link.ask(f"{named}() failed.", "build", named=named)
                self.stated = stated(found["stated"])
            else:
                found = self._link.ask(f"{place} cannot be read.", "open", path=str(Path(place)))
                self.shapes = tuple(tuple(shape) for shape in found["shapes"])
                self.dtypes = self.dtypes or tuple(found["dtypes"])
        except BaseException as error:
            self.close()
            if isinstance(error, InputError) and "attempted relative import" in error.why:
                error.todo = (
                    "name it as package.module:FUNCTION, from the folder that the package is in"
                )
            raise

    def load_weights(self, path: str) -> None:
        """Copy every tensor of a checkpoint into the network.

        The checkpoint is read here, where files are taken to be hostile, and not by the user's
        code.

        Raises:
            InputError: The checkpoint is unreadable or does not fit.
        """
        import torch
        from safetensors.torch import save_file

        from _edgeship.models.weights.checkpoints import read_fitting

        failed = "The network does not take the weights."
        described = self._link.ask(failed, "tensors")
        expected = {
            key: torch.empty(shape, dtype=getattr(torch, dtype), device="meta")
            for key, (shape, dtype) in described.items()
        }
        state = read_fitting(path, expected)
        file = self._link.folder / "weights.safetensors"
        # The format knows no tensors that share memory, or have gaps.
        save_file({key: value.clone().contiguous() for key, value in state.items()}, file)
        self._link.ask(failed, "fill", path=str(file))

    def parameters(self) -> int:
        """Return how many numbers its parameters hold; known after `capture`."""
        return self._parameters

    def capture(self, shapes: Sequence[Shape]) -> ir.Model:
        """Return the network as an ONNX graph with static shapes.

        Raises:
            InputError: It does not run on such inputs, or the user's code fails.
            UnsupportedError: torch cannot export it.
        """
        import onnx
        import onnx_ir as ir

        from _edgeship.export.preparation.prepare import prepare_captured

        file = self._link.folder / "captured.onnx"
        sizes = [list(shape) for shape in shapes]
        failed = "The network cannot be captured."
        dtypes = list(self.dtypes)
        found = self._link.ask(failed, "capture", shapes=sizes, dtypes=dtypes, path=str(file))
        self.folds, self._parameters = found["folds"], found["parameters"]
        self.traced = found["traced"]
        with _own_files():
            model = ir.from_proto(onnx.ModelProto.FromString(file.read_bytes()))
        return prepare_captured(model)

    def run(self, samples: Sequence[Sample]) -> Outputs:
        """Return what the network computes; see `torch_network.run`.

        Raises:
            InputError: The user's code fails, or returns something that is no tensor.
        """
        inputs, outputs = self._link.folder / "samples.npz", self._link.folder / "outputs.npz"
        with _own_files():
            write_arrays(inputs, [list(sample.values()) for sample in samples])
        self._link.ask(
            "The network cannot be run.", "run", samples=str(inputs), outputs=str(outputs)
        )
        with _own_files():
            return read_arrays(outputs)

    def run_batches(self, samples: Sequence[Sample]) -> Outputs:
        """Return the same for batches of any size."""
        return self.run(samples)

    def close(self) -> None:
        """End the process and everything that it has started; remove its temporary files."""
        self._link.close()


@contextmanager
def _own_files() -> Iterator[None]:
    """Turn what goes wrong with a file of the process, which is the user's, into words.

    Raises:
        InputError: The file is gone, or is something else.
    """
    try:
        yield
    except Exception as error:  # each reader has its own
        raise InputError(
            "The files by which the network's process is spoken to cannot be used.",
            why=f"{type(error).__name__}: {error}",
        ) from error
