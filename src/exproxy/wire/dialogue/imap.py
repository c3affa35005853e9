"""Greeting, CAPABILITY, optional STARTTLS, LOGOUT."""

from collections.abc import Sequence

import attrs

from exproxy.wire.dialogue.base import Action


@attrs.define
class ImapCheck:
    """Greeting, CAPABILITY, optional STARTTLS, LOGOUT."""

    starttls: bool = False

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
