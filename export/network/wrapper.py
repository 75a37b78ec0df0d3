"""What a network that stands around another one says as that does."""

from __future__ import annotations

from _edgeship.export.network.definition import Definition


class Wrapper:
    """The part of a `Definition` that is the other network's.

    Attributes:
        whole: The other network.
    """

    whole: Definition

    @property
    def reference(self) -> str:
        """What its outputs come from."""
        return self.whole.reference

    @property
    def capture_kind(self) -> str:
        """The tolerance of what is captured."""
        return self.whole.capture_kind

    @property
    def folds(self) -> bool:
        """Whether training branches were folded by the capture."""
        return self.whole.folds

    @property
    def traced(self) -> str:
        """Why the network was traced as TorchScript, or ""."""
        return self.whole.traced

    def parameters(self) -> int | None:
        """Return how many numbers its parameters hold; known after its capture."""
        return self.whole.parameters()

    def close(self) -> None:
        """Release the network."""
        self.whole.close()
