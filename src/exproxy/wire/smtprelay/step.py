"""What one call of the relay comes to."""

import attrs

from exproxy.wire.crossing import Crossing
from exproxy.wire.smtprelay.answers import Then


@attrs.frozen
class Step(Crossing):
    """What is to be sent, and what follows once it is."""

    then: Then = Then.GO_ON


class Out:
    """A step that is being made."""

    __slots__ = ("client", "server", "then")

    def __init__(self) -> None:
        self.server: list[bytes] = []
        self.client: list[bytes] = []
        self.then = Then.GO_ON

    def step(self) -> Step:
        """What it has become."""
        return Step(b"".join(self.server), b"".join(self.client), self.then)
