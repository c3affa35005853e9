"""Streams on an epoll of our own pass the suite of all streams; Twisted's transports do in test_transport_streams."""

import socket
import struct
from typing import Any, cast

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from exproxy.net.epoll.loop import Loop
from exproxy.net.epoll.network import EpollNetwork
from tests.integration.streams import PlainStreamSuite
from tests.integration.tlsstreams import TLSStreamSuite


def reset(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


class EpollStreamTests(PlainStreamSuite, TestCase):
    """Streams on an epoll of our own; it sees a reset even where nobody reads any more."""

    def setUp(self) -> None:
        loop = Loop(cast(Any, reactor))
        self.addCleanup(loop.close)
        self.network = EpollNetwork(loop)

    async def test_a_reset_after_the_peers_end_is_seen_and_nobodys_fault(self) -> None:
        server, stream, peer = await self.plain()
        stream.resume()
        peer.shutdown(socket.SHUT_WR)
        await server.until(lambda: server.happened("eof", stream))
        reset(peer)
        await server.until(lambda: stream in server.lost)
        self.assertIsNone(server.lost[stream])

    async def test_a_reset_that_comes_with_the_end_is_seen_behind_the_last_words(self) -> None:
        server, stream, peer = await self.plain()
        peer.sendall(b"last words")
        peer.shutdown(socket.SHUT_WR)
        reset(peer)
        stream.resume()
        await server.until(lambda: stream in server.lost)
        self.assertEqual(server.data[stream], b"last words")

    async def test_a_reset_with_words_of_ours_on_their_way_is_an_error(self) -> None:
        server, stream, peer = await self.plain()
        stream.resume()
        while stream.write(b"x" * 262_144):
            pass
        peer.shutdown(socket.SHUT_WR)
        await server.until(lambda: server.happened("eof", stream))
        reset(peer)
        await server.until(lambda: stream in server.lost)
        self.assertIsInstance(server.lost[stream], OSError)


class EpollStreamIPv6Tests(EpollStreamTests):
    """The same over IPv6."""

    host = "::1"
    source = "::1"
    """There is but one loopback address in IPv6."""


class EpollTLSStreamTests(TLSStreamSuite, TestCase):
    """TLS on the socket itself."""

    def setUp(self) -> None:
        loop = Loop(cast(Any, reactor))
        self.addCleanup(loop.close)
        self.network = EpollNetwork(loop)
        self.prepare(self.mktemp())

    async def test_a_reset_after_the_peers_end_is_seen_and_nobodys_fault(self) -> None:
        server, stream, peer = await self.plain()
        stream.resume()
        peer.shutdown(socket.SHUT_WR)
        await server.until(lambda: server.happened("eof", stream))
        reset(peer.raw)
        await server.until(lambda: stream in server.lost)
        self.assertIsNone(server.lost[stream])
