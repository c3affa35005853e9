"""The TCP check: that the server accepts a connection is all there is to know."""

from collections.abc import Sequence

import attrs

from exproxy.wire.dialogue.base import Action, Finish, Outcome, Status


@attrs.define
class TcpCheck:
    """Well as soon as the connection is open."""

    def start(self) -> Sequence[Action]:
        """The connection is open."""
        return (Finish(Outcome(Status.L4OK, "the server accepts connections")),)

    def receive(self, data: bytes) -> Sequence[Action]:
        """Nothing is listened to."""
        return ()

    def secured(self) -> Sequence[Action]:
        """Never asked for."""
        return ()

    def closed(self) -> Sequence[Action]:
        """Finished before."""
        return ()

    def last_line(self) -> str:
        """Nothing."""
        return ""
