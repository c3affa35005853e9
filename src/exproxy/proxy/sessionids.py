"""Clients of TLS that is passed through, kept on their server by the session that it has given them.

A session can only be resumed where it began.  Its id stands in the clear at both ends of TLS 1.2: the client's hello is read
before a server is chosen, and of what the server says the very first message, before the streams are joined.  Clients of TLS 1.3,
and those with tickets, name no session that could be known; they go by their address.
"""

from collections.abc import Callable

import attrs

from exproxy import pool
from exproxy.net.interfaces import PipedStream, Stream
from exproxy.pool.key import HashedKeys
from exproxy.proxy.joint import Joined
from exproxy.wire.clienthello import ClientHello
from exproxy.wire.errors import WireError
from exproxy.wire.serverhello import ServerHello, ServerHelloReader

_KIND = "tls-session-id"


@attrs.frozen
class SessionIds:
    """:param servers: whose sessions are remembered, in the table of their group."""

    servers: pool.Backend
    keys: HashedKeys

    def key(self, hello: ClientHello | None, address: str, now: float) -> bytes:
        """What a client is known by: the session that it wants to resume, if a server has it, or its address."""
        if hello is not None and hello.session_id:
            key = self.keys.key(_KIND, hello.session_id)
            if self.servers.bound(key, None, now) is not None:
                return key
        return self.servers.key_for(address)

    def learn(self, hello: ClientHello | None, answer: ServerHello, host: str, now: float) -> None:
        """Remember the id that a server there has assigned, if it has."""
        group = self.servers.group
        if group is not None and answer.assigns(b"" if hello is None else hello.session_id):
            group.learn(self.keys.key(_KIND, answer.session_id), host, now)


class Overhearing:
    """The receiver of a server's stream until its hello was heard; then the streams are joined, and this is no more.

    All that is said goes on to the other side at once.  A server that says something else is nobody's business but the client's.

    :param session: is told of the ends, as ever.
    :param heard: takes the hello.
    """

    __slots__ = ("_client", "_heard", "_reader", "_server", "_session")

    def __init__(self, session: Joined, client: PipedStream, server: PipedStream, heard: Callable[[ServerHello], object]) -> None:
        self._session = session
        self._client = client
        self._server = server
        self._heard = heard
        self._reader = ServerHelloReader()
        server.attach(self)
        client.pipe(server)
        server.resume()

    def data_received(self, stream: Stream, data: bytes) -> None:
        over = True
        try:
            hello = self._reader.feed(data)
        except WireError:
            pass
        else:
            over = hello is not None
            if hello is not None:
                self._heard(hello)
        self._client.write(data)
        if over:
            self._server.attach(self._session)
            self._server.pipe(self._client)

    def eof_received(self, stream: Stream) -> None:
        self._client.write_eof()
        self._session.eof_received(stream)

    def peer_left(self, stream: Stream) -> None:
        self._session.peer_left(stream)

    def write_drained(self, stream: Stream) -> None:
        """The client's pipe has its own back-pressure."""

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        self._session.stream_lost(stream, error)
