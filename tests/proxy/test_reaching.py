"""The way to a server: retries, the queue, TLS, and what a client is told when there is none."""

import errno

from exproxy.net.tls.client import ClientTLS, client_context
from exproxy.net.tls.profiles import BUILT_IN
from exproxy.pool import Admin
from tests.net.tlspeer import TLSPeer, authority_file, certificate, server_context
from tests.proxy.web.webstage import GET, OK, WebStage, get, post


class ReachingTests(WebStage):
    def refuse(self, server: str) -> None:
        self.network.fail(self.addresses[server], ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"))

    def test_a_server_that_refuses_is_passed_over(self) -> None:
        self.refuse("one")
        self.serve()
        client = self.asks(post(b"hello"))
        self.assertTrue(self.got("two")[0].endswith(b"hello"))
        self.reply(OK, "two")
        self.assertEqual(client.data, OK)
        record = self.requests()[0]
        self.assertEqual((record.server, record.retries, record.redispatched), ("two", 1, True))

    def test_what_comes_meanwhile_is_held_and_the_client_not_read(self) -> None:
        self.network.blackhole(self.addresses["one"])
        self.serve()
        client = self.asks(post(b"", length=300_000), b"x" * 300_000)
        self.assertLessEqual(self.far(client).received, 65536 * 2)
        self.clock.pump([1.0] * 6)
        self.clock.pump([0] * 100)
        self.assertTrue(self.got("two")[0].endswith(b"x" * 300_000))

    def test_when_nobody_answers_it_is_503(self) -> None:
        self.refuse("one")
        self.refuse("two")
        backend = self.backend()
        self.serve(backend)
        client = self.asks(GET)
        self.clock.pump([1.0] * 5)
        self.settle()
        self.assertEqual(client.data[9:12], b"503")
        self.assertEqual(self.requests()[0].termination, "SC")
        self.assertEqual(backend.pool.sessions, 0)

    def test_when_nobody_is_usable_it_is_503_at_once(self) -> None:
        backend = self.backend()
        for server in backend.pool.servers.values():
            server.set_admin(Admin.MAINT, 0.0)
        self.serve(backend)
        client = self.asks(GET)
        self.assertEqual(client.data[9:12], b"503")

    def test_who_waits_for_a_slot_gets_it(self) -> None:
        self.serve(self.backend(self.servers_of(maxconn=1)))
        first, second = self.asks(GET), self.asks(get("/second"))
        self.reply(OK)
        self.assertEqual(len(self.servers["one"].sessions), 1)
        first.stream.close()
        self.settle()
        self.reply(OK, number=1)
        self.assertEqual(second.data, OK)

    def test_who_waits_too_long_gets_503(self) -> None:
        backend = self.backend(self.servers_of(maxconn=1))
        self.serve(backend)
        self.asks(GET)
        second = self.asks(GET)
        self.clock.pump([1.0] * 11)
        self.settle()
        self.assertEqual(second.data[9:12], b"503")
        self.assertEqual((self.requests()[0].termination, backend.pool.queued), ("sQ", 0))

    def test_the_queue_has_an_end(self) -> None:
        self.serve(self.backend(self.servers_of(maxconn=1, queue_size=0)))
        self.asks(GET)
        self.assertEqual(self.asks(GET).data[9:12], b"503")

    def test_a_server_that_wants_a_proxy_header_gets_it_once_a_connection(self) -> None:
        self.serve(self.backend(send_proxy={"one": "v1"}))
        self.answers_all()
        self.asks(GET, GET)
        self.assertEqual(self.got("one")[0].count(b"PROXY TCP4 127.0.0.1"), 1)

    def test_the_same_server_is_tried_again_after_a_moment(self) -> None:
        del self.addresses["two"]
        self.refuse("one")
        self.serve()
        client = self.asks(GET)
        self.network._errors.clear()
        self.clock.pump([0.1] * 12)
        self.settle()
        self.reply(OK)
        self.assertEqual((client.data, self.requests()[0].retries), (OK, 1))

    def test_a_process_without_descriptors_says_nothing_about_the_server(self) -> None:
        self.network.fail(self.addresses["one"], OSError(errno.EMFILE, "Too many open files"))
        backend = self.backend()
        self.serve(backend)
        self.assertEqual(self.asks(GET).data[9:12], b"503")
        self.assertEqual(backend.pool.servers["one"].failed_in_a_row, 0)


class EvictionTests(WebStage):
    def test_whose_server_goes_down_gets_502_and_who_has_nothing_open_stays(self) -> None:
        backend = self.backend(self.servers_of(on_marked_down="shutdown-sessions"))
        self.serve(backend)
        idle = self.asks(GET)
        self.reply(OK)
        busy = self.asks(GET)
        backend.pool.servers["one"].set_admin(Admin.MAINT, self.clock.seconds())
        self.settle()
        self.assertEqual((busy.data[9:12], self.requests()[-1].termination), (b"502", "DH"))
        self.assertFalse(idle.eof)
        self.send(idle, GET)
        self.reply(OK, "two")
        self.assertEqual(idle.data, OK * 2)

    def test_who_is_only_on_the_way_there_is_sent_to_another(self) -> None:
        self.network.blackhole(self.addresses["one"])
        backend = self.backend(self.servers_of(on_marked_down="shutdown-sessions"))
        self.serve(backend)
        client = self.asks(GET)
        backend.pool.servers["one"].set_admin(Admin.MAINT, self.clock.seconds())
        self.settle()
        self.reply(OK, "two")
        self.assertEqual((client.data, backend.pool.sessions), (OK, 1))

    def test_without_redispatch_he_gets_503(self) -> None:
        self.network.blackhole(self.addresses["one"])
        backend = self.backend(self.servers_of(on_marked_down="shutdown-sessions"), redispatch=False)
        self.serve(backend)
        client = self.asks(GET)
        backend.pool.servers["one"].set_admin(Admin.MAINT, self.clock.seconds())
        self.settle()
        self.assertEqual((client.data[9:12], self.requests()[0].termination, backend.pool.sessions), (b"503", "DC", 0))

    def test_without_it_a_server_in_maintenance_gets_no_further_request(self) -> None:
        backend = self.backend()
        self.serve(backend)
        client = self.asks(GET)
        backend.pool.servers["one"].set_admin(Admin.MAINT, self.clock.seconds())
        self.reply(OK)
        self.send(client, GET)
        self.reply(OK, "two")
        self.assertEqual(client.data, OK * 2)
        self.assertTrue(self.session("one").eof)


class TLSTests(WebStage):
    def setUp(self) -> None:
        super().setUp()
        self.peer = TLSPeer(server_context(certificate()))
        self.network.listen(("192.0.2.3", 443), self.peer).resume()
        self.addresses = {"one": ("192.0.2.3", 443), "two": ("192.0.2.2", 2525)}
        self.context = client_context(True, authority_file(self.mktemp()), BUILT_IN["intermediate"])

    def to(self, name: str = "mail.example.com") -> None:
        self.serve(self.backend(tls={"one": ClientTLS(name, True, self.context)}, retries=1))

    def test_requests_go_by_way_of_it(self) -> None:
        self.to()
        client = self.asks(post(b"hello"))
        self.assertTrue(self.peer.sessions[0].data.endswith(b"\r\n\r\nhello"))
        self.assertEqual(self.peer.sessions[0].sni, "mail.example.com")
        self.assertEqual(client.data, b"")

    def test_a_server_with_another_certificate_gets_no_request(self) -> None:
        self.to("other.example.com")
        client = self.asks(post(b"hello"))
        self.assertNotIn(b"hello", self.peer.sessions[0].data)
        self.assertTrue(self.got("two")[0].endswith(b"hello"))
        self.reply(OK, "two")
        self.assertEqual(client.data, OK)

    def test_a_handshake_that_takes_too_long_is_a_failed_connect(self) -> None:
        self.network.ports[("192.0.2.3", 443)].acceptor = self.servers["one"]
        self.to()
        self.asks(GET)
        self.clock.pump([0.5] * 7)
        self.settle()
        self.assertIn(b"GET / ", self.got("two")[0])

    def test_a_client_that_leaves_meanwhile_leaves_nothing_behind(self) -> None:
        self.network.ports[("192.0.2.3", 443)].acceptor = self.servers["one"]
        self.to()
        client = self.asks(GET)
        client.stream.abort()
        self.settle()
        self.assertTrue(self.session().lost)
        self.assertEqual((self.gate.taken, self.requests()[0].termination), (0, "CC"))
