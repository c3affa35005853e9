"""What each mail protocol does its own way."""

from collections.abc import Callable, Collection
from typing import Protocol

import attrs

from exproxy.pool import Server
from exproxy.wire.desk.base import Desk
from exproxy.wire.desk.login import Login
from exproxy.wire.facts import Facts
from exproxy.wire.reception.base import ClientFacts, Reception
from exproxy.wire.signin.base import SignIn
from exproxy.wire.step import Step


class Relay(Protocol):
    """Follows one session from the greeting on; sans-io.

    With ``START_TLS`` the client's side begins TLS once the step is sent, and then :meth:`secured` is called.  With ``PIPE``
    it holds nothing, and is asked nothing more but its facts.  With ``FINISH`` both sides are closed; what comes later is
    ignored.
    """

    @property
    def facts(self) -> Facts:
        """What is known of the session."""

    @property
    def holding(self) -> bool:
        """The client had better not be read: what it sends waits for the server."""

    @property
    def awaiting(self) -> bool:
        """The server owes an answer."""

    def greeting(self, said: bytes) -> bytes:
        """What the client hears of a server's greeting."""

    def from_client(self, data: bytes) -> Step:
        """:raises Broken: send its ``last``, close both sides."""

    def from_server(self, data: bytes) -> Step:
        """:raises Broken: likewise."""

    def secured(self) -> Step:
        """The client's side is encrypted now."""

    def drain(self) -> Step:
        """End the session as soon as nothing is lost by that."""

    def expire(self) -> Step:
        """Nothing has come for too long; end the session."""

    def server_lost(self) -> Step:
        """The server has closed."""

    def abuse(self) -> Step:
        """Its source has done too much wrong; end the session."""

    def client_lost(self) -> Step:
        """The client has; what the step has for it goes nowhere."""


@attrs.frozen(eq=False)
class Manner:
    """:param reception: how a server is to be received by.

    :param relay: of a client that is put through: whether it is encrypted already, and whether TLS can be offered to it.
    :param none_left: what a client hears when no server takes it; then it is let go.
    :param early: what a client hears that spoke before the greeting.
    :param abused: what a client hears whose source has done too much wrong.
    :param parting: what may be said to a client at any time between two answers of its server; empty: there is no such thing.
    """

    reception: Callable[[Server, ClientFacts], Reception]
    relay: Callable[[bool, bool], Relay]
    none_left: bytes
    early: bytes
    abused: bytes
    parting: bytes = b""


@attrs.frozen(eq=False)
class Admitted:
    """A client that a server has taken.

    :param relay: follows it from now on.
    :param step: what both hear first.
    """

    relay: Relay
    step: Step


@attrs.frozen(eq=False)
class Desks:
    """What each protocol does its own way before there is a server.

    :param desk: for a client: what servers offer, whether it is encrypted already, and whether TLS can be offered to it.
    :param sign_in: of a login at a server, for the client that calls itself so.
    :param admit: what becomes of a client: its desk, the login's end at the server, and the server's words.
    """

    desk: Callable[[Collection[str], bool, bool], Desk]
    sign_in: Callable[[Server, ClientFacts, Login, str], SignIn]
    admit: Callable[[Desk, SignIn, bytes], Admitted]
