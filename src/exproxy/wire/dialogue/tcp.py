"""The server accepts a connection."""

from collections.abc import Sequence

import attrs

from exproxy.wire.dialogue.base import Action


@attrs.define
class TcpCheck:
    """The server accepts a connection."""

    _unused: None = attrs.field(init=False, default=None)

    def start(self) -> Sequence[Action]:
        raise NotImplementedError

    def receive(self, data: bytes) -> Sequence[Action]:
        raise NotImplementedError

    def secured(self) -> Sequence[Action]:
        raise NotImplementedError

    def closed(self) -> Sequence[Action]:
        raise NotImplementedError

    def last_line(self) -> str:
        raise NotImplementedError
