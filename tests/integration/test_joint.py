"""A joint between real streams of either network: nothing is lost, and who does not read stops who sends."""

from typing import Any, cast

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from exproxy.net.epoll.loop import Loop
from exproxy.net.epoll.network import EpollNetwork
from exproxy.net.interfaces import Address, Network, Stream
from exproxy.net.transports import TransportNetwork
from exproxy.proxy.joint import Joint
from exproxy.wire.crossing import Crossing
from exproxy.wire.errors import WireError
from tests.integration.streams import LOOPBACK, PATIENCE, Recorder

SIZE = 8_000_000
"""More than the kernel takes for two connections."""


class Upper:
    """A translator."""

    def from_client(self, data: bytes) -> Crossing:
        return Crossing(to_server=data.upper())

    def from_server(self, data: bytes) -> Crossing:
        return Crossing(to_client=data.upper())

    def client_ended(self) -> None:
        """It is never in the middle of something."""

    def server_ended(self) -> None:
        """Neither."""

    def broken(self, who: str, error: WireError) -> None:
        raise AssertionError(f"{who}: {error}")


class Session(Recorder):
    """Both streams of ours, told of their ends by the joint."""

    source: Address = ("127.0.0.1", 1)
    relaying = True

    def reached(self) -> Address:
        return ("127.0.0.1", 135)

    def end(self, letter: str) -> None:
        raise AssertionError(letter)


class EpollJointTests(TestCase):
    """Streams on an epoll of our own."""

    timeout = 4 * PATIENCE

    def setUp(self) -> None:
        self.network = self.make_network()

    def make_network(self) -> Network:
        loop = Loop(cast(Any, reactor))
        self.addCleanup(loop.close)
        return EpollNetwork(loop)

    async def pair(self) -> tuple[Recorder, Stream, Recorder, Stream]:
        """Two ends of one connection: who connects, and who is connected to."""
        near, far = Recorder(), Recorder()
        port = self.network.listen((LOOPBACK, 0), far)
        port.resume()
        self.network.connect(port.address, near, PATIENCE)
        await near.until(lambda: near.streams)
        await far.until(lambda: far.streams)
        port.close()
        return near, near.streams[0], far, far.streams[0]

    async def join(self) -> None:
        self.client, self.near, _, self.ours = await self.pair()
        _, self.upstream, self.server, self.far = await self.pair()
        self.session = Session()
        Joint(self.session, self.ours, self.upstream, Upper())
        self.near.resume()
        self.addCleanup(self.end)

    async def end(self) -> None:
        """Leave nothing to the next test."""
        for stream in (self.near, self.far, self.ours, self.upstream):
            stream.abort()
        for recorder, count in ((self.client, 1), (self.server, 1), (self.session, 2)):
            await recorder.until(lambda recorder=recorder, count=count: len(recorder.lost) == count)
        await self.wait()

    async def wait(self) -> None:
        await deferLater(cast(Any, reactor), 0.2, lambda: None)

    async def still(self) -> int:
        """How much was read of the client, once no more is."""
        before = -1
        while before != self.ours.received:
            before = self.ours.received
            await self.wait()
        return before

    async def test_all_arrives_though_the_server_reads_late(self) -> None:
        await self.join()
        self.near.write(b"x" * SIZE)
        self.near.write_eof()
        self.assertLess(await self.still(), SIZE)
        self.far.resume()
        await self.server.until(lambda: self.server.happened("eof", self.far))
        self.assertEqual(self.server.data[self.far], b"X" * SIZE)

    async def test_all_arrives_though_the_client_reads_late(self) -> None:
        await self.join()
        self.near.pause()
        self.far.write(b"x" * SIZE)
        self.far.write_eof()
        await self.wait()
        self.assertLess(self.upstream.received, SIZE)
        self.near.resume()
        await self.client.until(lambda: self.client.happened("eof", self.near))
        self.assertEqual(self.client.data[self.near], b"X" * SIZE)

    async def test_a_server_that_dies_while_its_client_waits_for_it(self) -> None:
        await self.join()
        self.near.write(b"x" * SIZE)
        await self.still()
        self.far.abort()
        await self.session.until(lambda: self.upstream in self.session.lost)
        self.ours.close()
        await self.session.until(lambda: self.ours in self.session.lost)
        self.assertEqual(self.upstream.received, 0)


class TransportJointTests(EpollJointTests):
    """Streams on Twisted's transports."""

    def make_network(self) -> Network:
        network = TransportNetwork(cast(Any, reactor))
        self.addCleanup(network.deadlines.stop)
        return network
