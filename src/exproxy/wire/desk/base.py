"""What every protocol's desk is to those who have the sockets."""

from typing import Protocol

from exproxy.wire.desk.login import Login
from exproxy.wire.facts import Facts
from exproxy.wire.step import Step

MOST_FAILED = 5
"""Logins that a server has refused, then the client has to come again."""
MOST_COMMANDS = 100
"""Commands before a login has succeeded: who sends a thousand at once is not to have a thousand answers held for him."""
HELD = 32_768
"""Octets from the client that wait for the end of a login."""


class Desk(Protocol):
    """One client's; what its steps have for a server is empty.

    With ``LOG_IN`` a server is to be found for :attr:`login`; then :meth:`refused` or :meth:`unavailable` is called, or the
    client is put through, and what it has sent behind its login is :meth:`leftover`.
    """

    @property
    def facts(self) -> Facts:
        """What is known of the session; once the client is put through, its relay knows more."""

    @property
    def login(self) -> Login | None:
        """The one that is under way."""

    def greeting(self) -> bytes:
        """What the client hears first."""

    def from_client(self, data: bytes) -> Step:
        """:raises Broken: send its ``last``, close."""

    def secured(self) -> Step:
        """The client is encrypted now."""

    def refused(self, words: bytes) -> Step:
        """A server does not take the login: ``words`` are its own, as the client is to hear them."""

    def unavailable(self) -> Step:
        """There is no server that could judge it."""

    def drain(self) -> Step:
        """End."""

    def expire(self) -> Step:
        """Nothing has come for too long; end."""

    def leftover(self) -> bytes:
        """Nothing of this session is held here from now on."""
