"""The way to a server for a client that has said who it is: the server has to greet well, and to take the login."""

from collections.abc import Callable
from typing import Protocol

from exproxy.pool import Server
from exproxy.proxy.backend import Backend
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.joint import Joined
from exproxy.proxy.mail.approach import Approach, Guest
from exproxy.proxy.mail.farewell import Farewell
from exproxy.proxy.mail.users import UserWish
from exproxy.wire.reception.base import Now, Turn
from exproxy.wire.signin.base import SignIn


class Applicant(Guest, Protocol):
    """Who wants to be logged in; told exactly one of :meth:`put_through`, :meth:`turned_away` and this."""

    def refused(self, server: Server, words: bytes) -> None:
        """The server has judged; nothing is held any more."""


class Admission(Approach):
    """:param sign_in: makes the login at a server.

    :param key: the user's.
    """

    __slots__ = ("_applicant", "_sign_in", "_signing")

    def __init__(
        self,
        applicant: Applicant,
        frontend: Frontend,
        backend: Backend,
        session: Joined,
        sign_in: Callable[[Server], SignIn],
        patience: float,
        key: bytes,
    ) -> None:
        super().__init__(applicant, frontend, backend, session, self._begin_with, patience, UserWish(key))
        self._applicant = applicant
        self._sign_in = sign_in
        self._signing: SignIn | None = None

    def _begin_with(self, server: Server) -> SignIn:
        self._signing = self._sign_in(server)
        return self._signing

    def _act(self, turn: Turn) -> None:
        if turn.now is not Now.REFUSED:
            super()._act(turn)
            return
        server = self._server
        stream = self._leave()
        assert server is not None
        assert stream is not None
        Farewell(self._frontend, stream, turn.say)
        self.reaching.served()
        self.reaching.end()
        self._applicant.refused(server, turn.greeting)

    def give_up(self) -> None:
        self._signing = None
        super().give_up()

    def _try_next(self) -> None:
        """What happened once the client's words were said is not held against a server: else clients could take servers out."""
        signing, self._signing = self._signing, None  # it may have the password
        if signing is not None and signing.replaying:
            self.reaching.declined()
        else:
            super()._try_next()
