"""Listening addresses."""

import errno
from ipaddress import ip_network

from twisted.logger import globalLogPublisher

from tests.proxy.stage import FRONT, Stage


class ListenerTests(Stage):
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
