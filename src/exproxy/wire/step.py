"""What one call of a mail protocol's relay comes to, and what follows once that is sent."""

import enum

import attrs

from exproxy.wire.crossing import Crossing


class Then(enum.Enum):
    """What follows once a step is sent."""

    GO_ON = "go on"
    START_TLS = "begin TLS with the client, then call secured()"
    PIPE = "relay octets as they are: there is nothing more to follow"
    LOG_IN = "find a server for the login that has been said: there was none before"
    FINISH = "close both sides"


@attrs.define
class Step(Crossing):
    """What is to be sent, and what follows."""

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
