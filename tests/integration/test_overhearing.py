"""A server's hello is overheard between real streams of either network, and nothing is lost."""

from typing import Any, cast

from twisted.internet import reactor

from exproxy.net.interfaces import Network
from exproxy.net.transports import TransportNetwork
from exproxy.proxy.sessionids import Overhearing
from exproxy.wire.serverhello import ServerHello
from tests.integration import test_joint
from tests.integration.test_joint import SIZE, Session
from tests.wire.test_serverhello import server_hello

HELLO = server_hello(b"a" * 32)


class EpollOverhearingTests(test_joint.EpollJointTests):
    """Streams on an epoll of our own."""

    async def join(self) -> None:
        self.client, self.near, _, self.ours = await self.pair()
        _, self.upstream, self.server, self.far = await self.pair()
        self.session = Session()
        self.heard: list[ServerHello] = []
        self.ours.attach(self.session)
        Overhearing(self.session, self.ours, self.upstream, self.heard.append)  # type: ignore[arg-type]  # a network's can be piped
        self.near.resume()
        self.addCleanup(self.end)

    async def test_all_arrives_though_the_server_reads_late(self) -> None:
        await self.join()
        self.near.write(b"x" * SIZE)
        self.near.write_eof()
        self.assertLess(await self.still(), SIZE)
        self.far.resume()
        await self.server.until(lambda: self.server.happened("eof", self.far))
        self.assertEqual(self.server.data[self.far], b"x" * SIZE)

    async def test_all_arrives_though_the_client_reads_late(self) -> None:
        await self.join()
        self.near.pause()
        self.far.write(HELLO[:30])
        await self.wait()
        self.far.write(HELLO[30:] + b"x" * SIZE)
        self.far.write_eof()
        await self.wait()
        self.assertLess(self.upstream.received, SIZE)
        self.near.resume()
        await self.client.until(lambda: self.client.happened("eof", self.near))
        self.assertEqual(self.client.data[self.near], HELLO + b"x" * SIZE)
        self.assertEqual([hello.session_id for hello in self.heard], [b"a" * 32])

    async def test_a_server_that_ends_before_it_has_said_all_of_it(self) -> None:
        await self.join()
        self.far.write(HELLO[:30])
        self.far.write_eof()
        await self.client.until(lambda: self.client.happened("eof", self.near))
        self.assertEqual((self.client.data[self.near], self.heard), (HELLO[:30], []))

    async def test_what_comes_behind_it_at_once_or_late_comes_in_order(self) -> None:
        await self.join()
        said = HELLO + bytes(range(256)) * 40
        for at in range(0, len(said), 977):
            self.far.write(said[at : at + 977])
            if at < 3000:
                await self.wait()
        self.far.write_eof()
        await self.client.until(lambda: self.client.happened("eof", self.near))
        self.assertEqual(self.client.data[self.near], said)


class TransportOverhearingTests(EpollOverhearingTests):
    """Streams on Twisted's transports."""

    def make_network(self) -> Network:
        network = TransportNetwork(cast(Any, reactor))
        self.addCleanup(network.deadlines.stop)
        return network
