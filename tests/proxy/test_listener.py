"""Listening addresses."""

import errno
from ipaddress import ip_network
from typing import Any

from twisted.logger import globalLogPublisher

from exproxy.pool.key import SourceKeys
from exproxy.pool.presence import Presence
from exproxy.pool.rates import Rates
from exproxy.proxy.admission import Admission, Gatekeeping
from exproxy.proxy.networks import Networks
from exproxy.wire.proxyheader import encode_v2
from tests.net.memory import Recorder
from tests.proxy.stage import FRONT, Stage


class ListenerTests(Stage):
    def knocking(self, count: int) -> list[Recorder]:
        """Clients that have connected and that nobody has accepted yet."""
        clients = [Recorder() for _ in range(count)]
        for client in clients:
            self.network.knock(FRONT, client)
        return clients

    def test_bound_it_accepts_nobody_before_it_is_started(self) -> None:
        frontend = self.open(self.backend())
        listener = frontend.listeners[0]
        listener.stop()
        listener.open(FRONT, 128)
        self.client()
        self.assertEqual(frontend.total, 0)
        listener.start()
        self.settle()
        self.assertEqual(frontend.total, 1)

    def test_stopped_it_leaves_its_sessions_alone(self) -> None:
        frontend = self.open(self.backend())
        client = self.client()
        frontend.listeners[0].stop()
        self.send(client, b"still here")
        self.assertEqual(self.got("one"), [b"still here"])
        self.assertEqual(frontend.listeners, [])

    def test_retired_it_lets_in_who_has_connected_already(self) -> None:
        frontend = self.open(self.backend())
        clients = self.knocking(3)
        self.assertEqual(frontend.total, 0)
        frontend.listeners[0].retire()
        self.assertEqual((frontend.total, frontend.listeners, FRONT in self.network.ports), (3, [], False))
        self.settle()
        self.send(clients[2], b"hello")
        self.assertEqual(self.got("one")[2:], [b"hello"])
        self.assertIsInstance(self.client().failure, ConnectionRefusedError)

    def test_but_nobody_beyond_what_there_may_be(self) -> None:
        frontend = self.open(self.backend(), maxconn=2)
        clients = self.knocking(3)
        frontend.listeners[0].retire()
        self.settle()
        self.assertEqual([client.lost for client in clients], [False, False, True])
        self.assertEqual(frontend.total, 2)

    def test_nor_more_than_its_backlog_holds(self) -> None:
        frontend = self.open(self.backend())
        listener = frontend.listeners[0]
        listener.stop()
        listener.open(FRONT, 1)
        listener.start()
        clients = self.knocking(4)
        listener.retire()
        self.settle()
        self.assertEqual([client.lost for client in clients], [False, False, True, True])

    def test_one_that_was_never_started_lets_in_nobody(self) -> None:
        frontend = self.open(self.backend())
        listener = frontend.listeners[0]
        listener.stop()
        listener.open(FRONT, 128)
        client = self.client()
        listener.retire()
        self.settle()
        self.assertEqual((frontend.total, client.lost), (0, True))

    def test_ipv6_networks_are_believed_too(self) -> None:
        frontend = self.open(self.backend(), accept_proxy=(ip_network("fd00::/8"), ip_network("10.0.0.0/8")))
        trusts = frontend.listeners[0]._trusts
        self.assertEqual(
            [trusts(host) for host in ("fd00::7", "10.1.2.3", "192.0.2.1", "2001:db8::1")], [True, True, False, False]
        )

    def test_out_of_descriptors_the_administrator_is_told_what_to_do(self) -> None:
        heard: list[str] = []

        def hear(event: dict[str, object]) -> None:
            heard.append(str(event.get("log_format")))

        globalLogPublisher.addObserver(hear)
        self.addCleanup(globalLogPublisher.removeObserver, hear)
        self.open(self.backend()).listeners[0].accept_failed(OSError(errno.EMFILE, "Too many open files"))
        self.assertIn("LimitNOFILE=", heard[-1])


class AdmissionTests(Stage):
    """Who comes too often costs no session."""

    def admission(self, **limits: Any) -> Admission:
        return Admission(SourceKeys(), **limits)

    def test_who_is_one_too_many_is_reset_and_logged_and_takes_no_slot(self) -> None:
        frontend = self.open(self.backend(), admission=self.admission(present=Presence(1)))
        first, second = self.client(source="198.51.100.7"), self.client(source="198.51.100.7")
        self.assertEqual((first.lost, second.lost), (False, True))
        self.assertEqual((frontend.total, self.gate.taken, frontend.limited, frontend.denied), (1, 1, 1, 0))
        self.assertEqual(frontend.limit, "198.51.100.7: more connections at a time than conn_cur")
        (record,) = self.records
        self.assertEqual((record.client[0], record.termination, record.server, record.actconn), ("198.51.100.7", "PR", None, 1))

    def test_others_come_in_and_it_too_when_one_has_left(self) -> None:
        self.open(self.backend(), admission=self.admission(present=Presence(1)))
        first = self.client(source="198.51.100.7")
        self.assertFalse(self.client(source="198.51.100.8").lost)
        first.stream.abort()
        self.settle()
        self.assertFalse(self.client(source="198.51.100.7").lost)

    def test_new_ones_come_as_fast_as_they_may(self) -> None:
        self.open(self.backend(), admission=self.admission(arriving=Rates(2, 10.0)))
        self.assertEqual([self.client(source="198.51.100.7").lost for _ in range(4)], [False, False, True, True])

    def test_a_rule_refuses_by_network(self) -> None:
        rules = (Gatekeeping(True, Networks((ip_network("10.0.0.0/8"),))), Gatekeeping(False))
        frontend = self.open(self.backend(), admission=self.admission(rules=rules))
        self.assertEqual([self.client(source=host).lost for host in ("10.0.0.1", "192.0.2.1")], [False, True])
        self.assertEqual((frontend.denied, frontend.limited), (1, 0))

    def test_behind_another_balancer_it_is_the_client_that_counts(self) -> None:
        admission = self.admission(present=Presence(1))
        frontend = self.open(self.backend(), accept_proxy=(ip_network("10.0.0.0/8"),), admission=admission)
        lost = []
        for host in ("198.51.100.7", "198.51.100.8", "198.51.100.7"):
            client = self.client(source="10.0.0.1")
            self.send(client, encode_v2((host, 4000), FRONT))
            lost.append(client.eof or client.lost)
        self.assertEqual(lost, [False, False, True])
        self.assertEqual((frontend.limited, frontend.limit[:13]), (1, "198.51.100.7:"))
        self.assertEqual([(record.client[0], record.termination) for record in self.records], [("198.51.100.7", "PR")])
        for session in tuple(frontend.sessions):
            session.kill("K")
        self.settle()
        self.assertEqual((len(admission.present or ()), self.gate.taken), (0, 0))

    def test_the_balancers_own_checks_are_nobodys(self) -> None:
        admission = self.admission(present=Presence(1))
        self.open(self.backend(), accept_proxy=(ip_network("10.0.0.0/8"),), admission=admission)
        clients = [self.client(source="10.0.0.1") for _ in range(3)]
        for client in clients:
            self.send(client, b"PROXY UNKNOWN\r\n")
        self.assertEqual([client.eof or client.lost for client in clients], [False] * 3)
