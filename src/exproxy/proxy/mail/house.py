"""What the clients of a front end in a mail mode have in common."""

from hashlib import blake2b
from typing import Literal

import attrs
from twisted.logger import Logger

from exproxy.net.interfaces import PipedStream
from exproxy.pool import Server
from exproxy.proxy.backend import Backend
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.joint import Joined
from exproxy.proxy.mail.conduct import Limits
from exproxy.proxy.mail.manner import Manner
from exproxy.proxy.mail.visit import Visit
from exproxy.proxy.sparing import Sparing
from exproxy.wire.errors import WireError

_log = Logger()


@attrs.define(eq=False)
class House:
    """Times are seconds.

    :param greeting_timeout: from a client's connection to its greeting; servers share it.
    :param greet_delay: a client that speaks before this is over is an early talker; 0: nobody looks.
    :param early: what becomes of those.
    :param secret: of this process; for pseudonyms.
    :param tarpit: how long they are kept, if they are.
    :param limits: what the clients of one source may do wrong.
    """

    frontend: Frontend
    manner: Manner
    backend: Backend
    greeting_timeout: float
    secret: bytes
    greet_delay: float = 0.0
    early: Literal["reject", "tarpit"] = "reject"
    tarpit: float = 60.0
    limits: Limits | None = None
    _sparing: Sparing = attrs.field(factory=Sparing, init=False)

    def serve(self, session: Joined, client: PipedStream, secure: bool) -> Visit:
        """Serve a client from now on; for :attr:`Frontend.serve`."""
        return Visit(self, session, client, secure)

    def pseudonym(self, account: bytes) -> str:
        """What stands for ``account`` in the log: the same for the same one as long as this process lives."""
        return blake2b(account.lower(), digest_size=6, key=self.secret).hexdigest() if account else ""

    def patience(self) -> float:
        """What one server may take: the next one has to have a chance within the whole time too."""
        tries = 1 + (self.backend.retries if self.backend.redispatch else 0)
        return self.greeting_timeout / max(1, min(tries, len(self.backend.pool.servers)))

    def skipped(self, server: Server, why: str) -> None:
        """Count and log, but not everything, why a server was passed over."""
        self.frontend.passed_over += 1
        left_out = self._sparing.left_out(server.full_name, self.frontend.seconds())
        if left_out is not None:
            _log.warn(
                "{frontend}: {server} {why}: its client goes to another server, if there is one{more}",
                frontend=self.frontend.name,
                server=server.full_name,
                why=why,
                more=_more(left_out),
            )

    def broke(self, who: str, client: str, server: str, error: WireError) -> None:
        """The same for a session that was ended."""
        self.frontend.broken += 1
        left_out = self._sparing.left_out(who, self.frontend.seconds())
        if left_out is not None:
            _log.warn(
                "{frontend}: a session of {client} with {server} was ended, for the {who} broke the protocol: {error}{more}",
                frontend=self.frontend.name,
                client=client,
                server=server,
                who=who,
                error=str(error),
                more=_more(left_out),
            )


def _more(left_out: int) -> str:
    return f" ({left_out} more in the last minute)" if left_out else ""
