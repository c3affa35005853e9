"""A client's connection to a server: when it takes a request, and how it ends."""

from exproxy.proxy.web.upstream import Upstream
from tests.proxy.web.webstage import GET, OK, WebStage, post


class UpstreamTests(WebStage):
    def upstream(self) -> Upstream:
        """The one of the only client."""
        (session,) = self.website.frontend.sessions
        return session._visit._upstreams["hub"]

    def test_it_takes_one_request_at_a_time(self) -> None:
        self.serve()
        self.asks(GET)
        self.assertFalse(self.upstream().free)
        self.reply(OK)
        self.assertTrue(self.upstream().free)
        self.assertEqual(self.upstream().asked, 1)

    def test_it_takes_none_while_there_is_something_that_nobody_asked_for(self) -> None:
        """It came before the request, though its event comes behind it."""
        self.serve()
        client = self.asks(GET)
        self.reply(OK)
        near = self.near(self.session())
        near.pause()
        self.session().stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        self.send(client, GET)
        self.assertEqual(len(self.servers["one"].sessions), 2)
        self.reply(OK, number=1)
        self.assertEqual(client.data, OK * 2)

    def test_it_takes_none_when_its_server_is_elsewhere_by_the_configuration(self) -> None:
        backend = self.backend()
        self.serve(backend)
        client = self.asks(GET)
        self.reply(OK)
        backend.pool.servers["one"].moves += 1
        self.assertFalse(self.upstream().free)
        self.send(client, GET)
        self.reply(OK, number=1)
        self.assertEqual((len(self.servers["one"].sessions), bytes(client.data)), (2, OK * 2))

    def test_the_slot_is_held_between_requests_and_given_back_when_the_server_leaves(self) -> None:
        backend = self.backend()
        self.serve(backend)
        self.asks(GET)
        self.reply(OK)
        self.assertEqual(backend.pool.sessions, 1)
        self.session().stream.close()
        self.settle()
        self.assertEqual(backend.pool.sessions, 0)
        self.assertFalse(self.upstream().free)

    def test_what_was_carried_is_counted_when_the_connection_is_over(self) -> None:
        backend = self.backend()
        self.serve(backend)
        self.asks(GET)
        self.reply(OK)
        asked = len(self.got("one")[0])
        self.session().stream.close()
        self.settle()
        one = backend.pool.servers["one"]
        self.assertEqual((one.bytes_in, one.bytes_out), (asked, len(OK)))

    def test_what_is_carried_is_counted_now_and_then_and_nothing_twice(self) -> None:
        backend = self.backend()
        self.serve(backend)
        client = self.asks(GET)
        self.reply(OK)
        one, asked = backend.pool.servers["one"], len(self.got("one")[0])
        for _ in range(2):
            self.upstream().tally()
            self.assertEqual((one.bytes_in, one.bytes_out), (asked, len(OK)))
        self.send(client, GET)
        self.reply(OK)
        self.session().stream.close()
        self.settle()
        self.assertEqual((one.bytes_in, one.bytes_out), (2 * asked, 2 * len(OK)))

    def test_a_server_that_does_not_let_go_is_cut(self) -> None:
        backend = self.backend()
        self.serve(backend)
        client = self.asks(GET)
        self.reply(OK)
        self.session().stream.pause()
        near = self.near(self.session())
        near.outbox += b"it does not read"
        self.session().stream.inbox += b"x" * near.capacity
        client.stream.close()
        self.settle()
        self.assertFalse(near.lost)
        self.clock.pump([0.5] * 9)
        self.assertTrue(near.lost)
        self.assertEqual(backend.pool.sessions, 0)

    def test_a_request_that_is_not_whole_ends_with_a_reset(self) -> None:
        self.serve()
        client = self.asks(post(b"abc", length=9))
        client.stream.abort()
        self.settle()
        self.assertIsInstance(self.session().error, ConnectionResetError)
