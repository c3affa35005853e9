"""What every protocol's login at a server is to those who have the sockets."""

from typing import Protocol

from exproxy.wire.reception.base import Reception


class SignIn(Reception, Protocol):
    """A reception that goes on to a login.

    ``PUT_THROUGH`` comes with the server's words of welcome and whatever it has said behind them, as the client is to hear it;
    ``REFUSED`` with those of refusal.
    """

    @property
    def replaying(self) -> bool:
        """The server has heard what the client said: what it does now may be the client's doing, and says nothing about it."""
